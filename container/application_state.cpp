// What the types of one application share: attributes, its parameters, a folder to write in.
#include "container/application_state.h"

#include "container/instance.h"

namespace container {

namespace fs = std::filesystem;

ApplicationState::ApplicationState(Parameters parameters, fs::path work_folder, server::Log log)
    : parameters_(std::move(parameters)), log_(log), work_folder_(work_folder.string()) {}

ApplicationState::~ApplicationState() { end(); }

const std::string* ApplicationState::parameter(std::string_view name) const {
  for (const auto& [its_name, value] : parameters_)
    if (its_name == name) return &value;
  return nullptr;
}

const std::string* ApplicationState::work_folder() {
  const std::scoped_lock lock(mutex_);
  if (has_work_folder_) return &work_folder_;
  if (work_folder_.empty()) {
    log_.error("the application has no work folder");
    return nullptr;
  }
  std::error_code error;
  const bool fresh = fs::create_directories(work_folder_, error);
  if (fresh && !error) fs::permissions(work_folder_, fs::perms::owner_all, error);
  if (error) {
    log_.error("the work folder {} cannot be made: {}", work_folder_, error.message());
    return nullptr;
  }
  has_work_folder_ = true;
  return &work_folder_;
}

ApplicationState::Held ApplicationState::find(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = attributes_.find(name);
  return found == attributes_.end() ? nullptr : found->second;
}

margay_result ApplicationState::set(std::string_view name, Held attribute) {
  if (name.empty()) return MARGAY_FAILED;
  Held old;  // ends behind the lock
  const std::scoped_lock lock(mutex_);
  if (ended_) return MARGAY_CLOSED;
  const auto found = attributes_.find(name);
  const bool is_new = found == attributes_.end();
  const std::size_t freed = is_new ? 0 : name.size() + found->second->bytes.size();
  const std::size_t bytes = bytes_ - freed + name.size() + attribute->bytes.size();
  if (bytes > kMaxBytes || (is_new && attributes_.size() == kMaxAttributes)) return MARGAY_FULL;
  bytes_ = bytes;
  if (is_new) {
    attributes_.emplace(name, std::move(attribute));
  } else {
    old = std::exchange(found->second, std::move(attribute));
  }
  return MARGAY_OK;
}

void ApplicationState::remove(std::string_view name) {
  Held old;
  const std::scoped_lock lock(mutex_);
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) return;
  bytes_ -= name.size() + found->second->bytes.size();
  old = std::move(found->second);
  attributes_.erase(found);
}

std::vector<std::string> ApplicationState::names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> all;
  for (const auto& [name, attribute] : attributes_) all.push_back(name);
  return all;
}

void ApplicationState::keep(std::shared_ptr<const InstanceConfig> config) {
  const std::scoped_lock lock(mutex_);
  configs_.push_back(std::move(config));
}

void ApplicationState::end() {
  std::map<std::string, Held, std::less<>> all;
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  bytes_ = 0;
  all.swap(attributes_);
}

}  // namespace container
