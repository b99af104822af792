// What the types of one application share: attributes, its parameters, a folder to write in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <margay/abi.h>

#include "server/log.h"

namespace container {

class InstanceConfig;

// Servlet: ServletContext. Any thread; no code of a plugin runs under the lock.
class ApplicationState {
 public:
  static constexpr std::size_t kMaxAttributes = 1000;
  static constexpr std::size_t kMaxBytes = 4 * 1024 * 1024;  // names and values
  using Parameters = std::vector<std::pair<std::string, std::string>>;

  // Bytes or an object; the last who holds it destroys it.
  struct Attribute {
    std::string bytes{};
    const void* library = nullptr;  // of objects: who may have it
    const void* type = nullptr;
    void* object = nullptr;
    void (*destroy)(void*) = nullptr;

    ~Attribute() {
      if (destroy != nullptr) destroy(object);
    }
    bool is_object() const { return type != nullptr; }
  };
  using Held = std::shared_ptr<const Attribute>;

  // `work_folder` is made when somebody asks for it.
  ApplicationState(Parameters parameters, std::filesystem::path work_folder, server::Log log);
  ~ApplicationState();
  ApplicationState(const ApplicationState&) = delete;
  ApplicationState& operator=(const ApplicationState&) = delete;

  const std::string* parameter(std::string_view name) const;  // null: there is none
  const std::string* work_folder();                           // null: it could not be made

  Held find(std::string_view name) const;  // null: there is none
  // FULL over a limit, FAILED for an empty name, CLOSED behind `end`.
  margay_result set(std::string_view name, Held attribute);
  void remove(std::string_view name);
  std::vector<std::string> names() const;

  // What attributes refer to, such as a log, may outlive whoever set them.
  void keep(std::shared_ptr<const InstanceConfig> config);
  // Control thread: no attribute is left, nor comes in any more.
  void end();

 private:
  const Parameters parameters_;
  const server::Log log_;
  mutable std::mutex mutex_;  // guards the rest
  std::vector<std::shared_ptr<const InstanceConfig>> configs_;
  std::map<std::string, Held, std::less<>> attributes_;
  std::size_t bytes_ = 0;
  bool ended_ = false;
  std::string work_folder_;
  bool has_work_folder_ = false;
};

}  // namespace container
