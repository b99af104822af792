// What becomes of an exception that leaves a plugin's code: a line in the log, and an error page.
#pragma once

#include <cxxabi.h>

#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <margay/abi.h>
#include <margay/logger.h>
#include <margay/status_error.h>
#include <margay/text.h>

namespace margay::detail {

inline std::string name_of(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 ? name.get() : type.name();
}

// An exception as error pages and the log know it.
class Thrown {
 public:
  explicit Thrown(const std::exception_ptr& what) { add(what, 0); }

  int status = 500;
  bool is_answer = false;          // a StatusError: expected, so nothing for the log
  std::string message;             // what() of the exception itself
  std::string trace;               // a line "type: what()" for it and for each cause
  std::vector<std::string> types;  // its own, its bases; then the same of its root cause

 private:
  static constexpr std::size_t kMostTypes = 32;
  static constexpr int kDeepest = 16;

  void add(const std::exception_ptr& what, int depth) {
    std::exception_ptr cause;
    std::vector<std::string> its_types;
    std::string text;
    try {
      std::rethrow_exception(what);
    } catch (const std::exception& error) {
      add_types(typeid(error), its_types);
      text = error.what();
      if (depth == 0) classify(error);
      cause = cause_of(error);
    } catch (...) {
      if (const std::type_info* type = abi::__cxa_current_exception_type(); type != nullptr)
        add_types(*type, its_types);
      text = "an exception that is no std::exception";
    }
    if (depth == 0) message = text;
    trace.append(depth == 0 ? "" : "\ncaused by ")
        .append(its_types.empty() ? "unknown" : its_types.front())
        .append(": ")
        .append(text);
    const bool is_root = cause == nullptr || depth == kDeepest;
    if (depth == 0 || is_root) types.insert(types.end(), its_types.begin(), its_types.end());
    if (!is_root) add(cause, depth + 1);
  }

  void classify(const std::exception& error) {
    if (const auto* answer = dynamic_cast<const StatusError*>(&error); answer != nullptr) {
      status = answer->status();
      is_answer = true;
    } else if (dynamic_cast<const Busy*>(&error) != nullptr) {
      status = 503;
    }
  }

  static std::exception_ptr cause_of(const std::exception& error) {
    const auto* nested = dynamic_cast<const std::nested_exception*>(&error);
    return nested == nullptr ? nullptr : nested->nested_ptr();
  }

  // The bases as the Itanium C++ ABI records them.
  static void add_types(const std::type_info& type, std::vector<std::string>& names) {
    if (names.size() == kMostTypes || &type == &typeid(std::nested_exception)) return;
    // What std::throw_with_nested makes is named by what it was given.
    std::string name = name_of(type);
    if (!name.starts_with("std::_Nested_exception<")) names.push_back(std::move(name));
#ifdef __GLIBCXX__
    if (const auto* one = dynamic_cast<const abi::__si_class_type_info*>(&type); one != nullptr) {
      add_types(*one->__base_type, names);
    } else if (const auto* many = dynamic_cast<const abi::__vmi_class_type_info*>(&type);
               many != nullptr) {
      for (unsigned i = 0; i < many->__base_count; ++i)
        add_types(*many->__base_info[i].__base_type, names);
    }
#endif
  }
};

// In a handler of an exception: logs it and answers with its error page. FAILED when it is too late
// for that; who returns FAILED to the server then has the answer cut.
inline margay_result answer_thrown(const margay_host& host, margay_exchange& exchange,
                                   const Logger& log) {
  const Thrown thrown(std::current_exception());
  if (!thrown.is_answer) log.error(thrown.types.size() == 1 ? thrown.message : thrown.trace);
  std::vector<margay_str> types;
  for (const std::string& type : thrown.types) types.push_back(str(type));
  const margay_thrown told{sizeof told,
                           thrown.status,
                           static_cast<std::uint32_t>(types.size()),
                           thrown.is_answer ? 1u : 0u,
                           types.data(),
                           str(thrown.message),
                           str(thrown.trace)};
  return host.thrown(&exchange, &told);
}

}  // namespace margay::detail
