// One exchange on its way through filters and endpoint: the answer on its way back.
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "container/invocation.h"
#include "container/target.h"
#include "container/tls_names.h"

namespace container {

namespace {

constexpr std::size_t kSlice = 64 * 1024;       // of a long write; a worker waits between slices
constexpr std::size_t kFileTurn = 256 * 1024;   // of a file; then other connections are served
constexpr std::size_t kIncluded = 1024 * 1024;  // of a file that is included on the loop

margay_result result_of(server::Write write) {
  switch (write) {
    case server::Write::ok:
      return MARGAY_OK;
    case server::Write::full:
      return MARGAY_FULL;
    case server::Write::closed:
      return MARGAY_CLOSED;
  }
  return MARGAY_FAILED;
}

// Reads on in a file, at most as much as `room` has; empty: it is shorter than it was.
std::string_view next_piece(server::FileRange& file, std::string& room) {
  const ssize_t got =
      ::pread(file.descriptor, room.data(), std::min<std::uint64_t>(file.length, room.size()),
              static_cast<off_t>(file.offset));
  const auto size = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
  file.offset += size;
  file.length -= size;
  return {room.data(), size};
}

}  // namespace

margay_result Invocation::status(int code) {
  if (code < 200 || code > 599) return MARGAY_FAILED;
  if (includes()) return MARGAY_OK;  // the head is the includer's (Servlet 6 section 9.3)
  if (is_head_final()) return MARGAY_FAILED;
  exchange_.response().status = code;
  return MARGAY_OK;
}

margay_result Invocation::header(int mode, std::string_view name, std::string_view value) {
  if (includes()) return MARGAY_OK;
  if (is_head_final()) return MARGAY_FAILED;
  server::ResponseHead& head = exchange_.response();
  switch (mode) {
    case MARGAY_SET:
      return head.set(exchange_.arena(), name, value) ? MARGAY_OK : MARGAY_FAILED;
    case MARGAY_ADD:
      return head.add(exchange_.arena(), name, value) ? MARGAY_OK : MARGAY_FAILED;
    case MARGAY_REMOVE:
      head.remove(name);
      return MARGAY_OK;
    default:
      return MARGAY_FAILED;
  }
}

// The head moments, once, before the first byte leaves; then filters get what was held back. `rest`
// is how many bytes will follow that; nothing: nobody knows.
void Invocation::commit(int signs, std::optional<std::uint64_t> rest) {
  if (headed_) return;
  headed_ = true;
  sessions_.write_cookie();
  call_heads(rest);
  if (!transforms_) return;
  exchange_.response().remove("content-length");  // their outcome has another
  if (exchange_.request.method != "HEAD") return give_to_filters(signs);
  transforms_ = false;
  lengthless_ = true;
  exchange_.body().clear();
}

void Invocation::call_heads(std::optional<std::uint64_t> rest) {
  transforms_ = false;
  if (entered_ == 0) return;
  server::ResponseHead& response = exchange_.response();
  const std::uint64_t there = exchange_.body().size() + rest.value_or(0);
  if (rest && (there != 0 || exchange_.request.method != "HEAD")) {
    answer_length_ = static_cast<std::int64_t>(there);
  } else if (const std::string_view said = response.find("content-length"); !said.empty()) {
    std::from_chars(said.data(), said.data() + said.size(), answer_length_);
  }
  for (std::uint32_t i = entered_; i-- > 0;) {
    heading_ = &steps_[i];
    if (const auto moment = heading_->use->type->head; moment != nullptr)
      moment(heading_->use->self, &heading_->state, &host_, handle(*this), &request,
             &response.status);
    if (!heading_->transforms()) continue;
    transforms_ = true;
    answer_length_ = -1;
  }
  heading_ = nullptr;
  answer_length_ = -1;
}

margay_result Invocation::pass_body() {
  if (heading_ == nullptr) return MARGAY_FAILED;
  heading_->passes = true;
  return MARGAY_OK;
}

void Invocation::give_to_filters(int signs) {
  thread_local std::string
      spare;  // memory for what they make; the exchange's own is read meanwhile
  std::string raw = std::move(spare);
  raw.clear();
  raw.swap(exchange_.body());
  transform(entered_, raw, signs);
  unflushed_ = signs == 0 && !raw.empty();
  if (raw.capacity() <= 2 * kRawBuffer) spare = std::move(raw);
}

margay_result Invocation::hand_over(int signs) {
  const bool last = (signs & MARGAY_BODY_LAST) != 0;
  if (!headed_) {
    commit(signs, last ? std::optional<std::uint64_t>(0) : std::nullopt);
  } else if (transforms_ && !transformed_end_ && (last || (signs != 0 && unflushed_))) {
    transform(entered_, {}, signs);
  }
  transformed_end_ |= last;
  if (signs != 0) unflushed_ = false;
  if (broken_) return break_off();
  if (lengthless_ && !exchange_.committed()) exchange_.hand_over(false);
  return result_of(exchange_.hand_over(last));
}

// A filter has failed in the middle of the body: it must not look whole.
margay_result Invocation::break_off() {
  exchange_.reset_connection();
  return MARGAY_CLOSED;
}

// Gives bytes to the next filter above `stage` that transforms them, or to the wire.
void Invocation::transform(std::size_t stage, std::string_view bytes, int signs) {
  while (stage > 0) {
    Step& step = steps_[--stage];
    if (!step.transforms()) continue;
    const margay_filter_type& type = *step.use->type;
    const bool takes_flush = (type.flags & MARGAY_TAKES_FLUSH) != 0;
    const int told = takes_flush ? signs : signs & MARGAY_BODY_LAST;
    if (!bytes.empty() || told != 0) {
      const std::size_t outer = std::exchange(emit_stage_, stage);
      const margay_result result = type.body(step.use->self, &step.state, &host_, handle(*this),
                                             {bytes.data(), bytes.size()}, told);
      if (result == MARGAY_FAILED) broken_ = true;
      emit_stage_ = outer;
    }
    if (signs == 0) return;
    bytes = {};  // what it had is emitted; now it is the next one's turn with the sign
  }
  exchange_.body().append(bytes);
}

margay_result Invocation::emit(std::string_view bytes) {
  if (!headed_ || !transforms_) return MARGAY_FAILED;
  transform(emit_stage_, bytes, 0);
  return MARGAY_OK;
}

margay_result Invocation::put(std::string_view bytes) {
  margay_result result = MARGAY_OK;
  do {
    const std::string_view slice = bytes.substr(0, kSlice);
    bytes.remove_prefix(slice.size());
    if (headed_ && transforms_) {
      transform(entered_, slice, 0);
      unflushed_ = true;
    } else {
      exchange_.body().append(slice);
    }
    if (exchange_.body().size() >= (transforms_ ? kRawBuffer : kBuffer)) commit(0, std::nullopt);
    if (broken_) return break_off();
    if (headed_ && exchange_.body().size() >= kBuffer) result = hand_over(0);
  } while (!bytes.empty() && result != MARGAY_CLOSED);
  return result;
}

margay_result Invocation::write(std::string_view bytes) {
  return is_over() ? MARGAY_CLOSED : put(bytes);
}

margay_result Invocation::flush() {
  return is_over() ? MARGAY_CLOSED : hand_over(MARGAY_BODY_FLUSH);
}

margay_result Invocation::finish() {
  if (is_over()) return MARGAY_CLOSED;
  if (!includes()) return hand_over(MARGAY_BODY_LAST);
  dispatches_->include_over = true;  // its part of the answer
  return MARGAY_OK;
}

margay_result Invocation::upgrade(std::string_view protocol,
                                  std::unique_ptr<server::UpgradeToken> token) {
  if (is_over()) return MARGAY_CLOSED;
  server::ResponseHead& head = exchange_.response();
  if (headed_ || includes() || !exchange_.upgradable() ||
      !head.set(exchange_.arena(), "Upgrade", protocol) ||
      !head.set(exchange_.arena(), "Connection", "Upgrade"))
    return MARGAY_FAILED;
  exchange_.body().clear();
  switch_protocols();
  return result_of(exchange_.upgrade(std::move(token)));
}

margay_result Invocation::send_file(int descriptor, std::uint64_t offset, std::uint64_t length) {
  if (is_over()) return ::close(descriptor), MARGAY_CLOSED;
  if (includes()) return include_file({descriptor, offset, length});
  commit(0, length);
  if (broken_) return ::close(descriptor), break_off();
  if (lengthless_) return ::close(descriptor), hand_over(MARGAY_BODY_LAST);
  if (!transforms_)
    return result_of(exchange_.hand_over(server::FileRange{descriptor, offset, length}));
  // Transformed bytes cannot go from file to socket: they pass through the filters piece by piece.
  file_ = {descriptor, offset, length};
  if (!exchange_.on_worker()) {
    file_right_ = &exchange_.suspend();
    exchange_.watch(true);
  }
  return copy_file();
}

// The rest of what is included is a file; on the loop it is short, or refused.
margay_result Invocation::include_file(server::FileRange file) {
  if (!exchange_.on_worker() && file.length > kIncluded) {
    ::close(file.descriptor);
    if (log() != nullptr)
      log()->error(
          "{}: a file of {} bytes cannot be included on the loop; dispatch=\"worker\" lets "
          "the including endpoint block",
          title(), file.length);
    return report(500, {}, nullptr), MARGAY_FAILED;
  }
  std::string piece(kSlice, '\0');
  margay_result result = MARGAY_OK;
  while (file.length > 0 && result != MARGAY_CLOSED) {
    const std::string_view read = next_piece(file, piece);
    if (read.empty()) break;
    result = put(read);
  }
  ::close(file.descriptor);
  finish();
  return result;
}

// On a worker to its end, waiting for a slow client. On the loop as far as the client takes it, at
// most kFileTurn at once; what is left waits for the writable event or the loop's next turn.
margay_result Invocation::copy_file() {
  std::string piece(kSlice, '\0');
  margay_result result = MARGAY_OK;
  std::size_t turn = 0;
  while (file_.length > 0 && result != MARGAY_CLOSED) {
    const std::string_view read = next_piece(file_, piece);
    if (read.empty()) break;
    result = put(read);
    turn += read.size();
    if (file_right_ == nullptr || file_.length == 0) continue;
    if (result == MARGAY_FULL) return result;
    if (result == MARGAY_OK && turn >= kFileTurn) {
      const auto go_on = [](void* self, margay_exchange*) {
        static_cast<Invocation*>(self)->go_on_with_file();
      };
      void (*const closure)(void*, margay_exchange*) = go_on;
      file_right_->resume(reinterpret_cast<void (*)()>(closure), this);
      return MARGAY_FULL;
    }
  }
  ::close(std::exchange(file_.descriptor, -1));
  if (result != MARGAY_CLOSED) {
    if (file_.length > 0) {
      exchange_.reset_connection();
      result = MARGAY_FAILED;
    } else {
      result = hand_over(MARGAY_BODY_LAST);
    }
  }
  if (file_right_ != nullptr) std::exchange(file_right_, nullptr)->release();
  return result;
}

// Also when the client has gone: the first write says so, and the file is closed.
void Invocation::go_on_with_file() {
  if (file_right_ != nullptr) copy_file();
}

// --- what plugins ask
// --------------------------------------------------------------------------------

std::string_view Invocation::number(std::uint64_t value) {
  char* room = exchange_.arena().array<char>(20);
  return {room, static_cast<std::size_t>(std::to_chars(room, room + 20, value).ptr - room)};
}

std::string_view Invocation::remote_address() {
  if (!remote_set_) {
    remote_set_ = true;
    const server::Address address = exchange_.remote();
    remote_port_ = address.port;
    remote_address_ = address.text(exchange_.arena().array<char>(48));
  }
  return remote_address_;
}

std::string_view Invocation::info(int what) {
  switch (what) {
    case MARGAY_REMOTE_ADDRESS:
      return remote_address();
    case MARGAY_REMOTE_PORT:
      return remote_address(), number(remote_port_);
    case MARGAY_LOCAL_ADDRESS:
      return exchange_.local_address().text(exchange_.arena().array<char>(48));
    case MARGAY_LOCAL_PORT:
      return number(exchange_.local_address().port);
    case MARGAY_SCHEME:
      return !scheme_.empty() ? scheme_ : tls_ != nullptr ? "https" : "http";
    case MARGAY_SERVER_NAME:
      return server_name;
    case MARGAY_SERVER_PORT:
      return number(server_port);
    case MARGAY_PROTOCOL:
      return exchange_.request.protocol;
    case MARGAY_PRINCIPAL:
      return principal_;
    case MARGAY_PATH:
      return {request.path.data, request.path.size};
    case MARGAY_QUERY:
      return {request.query.data, request.query.size};
    case MARGAY_REQUEST_ID:
      return number(exchange_.id);
    case MARGAY_MAX_PARAMETERS:
      return max_parameters;
    case MARGAY_ANSWER_LENGTH:
      return answer_length_ < 0 ? std::string_view{}
                                : number(static_cast<std::uint64_t>(answer_length_));
    default:
      return dispatches_ == nullptr ? std::string_view{} : error_info(what);
  }
}

std::string_view Invocation::error_info(int what) {
  const ReportedError& error = dispatches_->error;
  switch (what) {
    case MARGAY_ERROR_STATUS:
      return error.status == 0 ? std::string_view{}
                               : number(static_cast<std::uint64_t>(error.status));
    case MARGAY_ERROR_MESSAGE:
      return error.message;
    case MARGAY_ERROR_PATH:
      return error.path;
    case MARGAY_ERROR_EXCEPTION:
      return error.exception;
    case MARGAY_ERROR_TRACE:
      return error.trace;
    case MARGAY_ERROR_METHOD:
      return error.method;
    case MARGAY_ERROR_ENDPOINT:
      return error.endpoint;
    default:
      return {};
  }
}

margay_result Invocation::set_info(int what, std::string_view value) {
  if (called_) return MARGAY_FAILED;
  const std::string_view kept = exchange_.arena().copy(value);
  unsigned port = 0;
  const auto is_port = [&] {
    const auto [end, error] = std::from_chars(kept.data(), kept.data() + kept.size(), port);
    return error == std::errc{} && end == kept.data() + kept.size() && port <= 65535;
  };
  switch (what) {
    case MARGAY_REMOTE_ADDRESS:
      remote_address();
      remote_address_ = kept;
      return MARGAY_OK;
    case MARGAY_REMOTE_PORT:
      if (!is_port()) return MARGAY_FAILED;
      remote_address();
      remote_port_ = static_cast<std::uint16_t>(port);
      return MARGAY_OK;
    case MARGAY_SCHEME:
      if (kept != "http" && kept != "https") return MARGAY_FAILED;
      scheme_ = kept;
      return MARGAY_OK;
    case MARGAY_SERVER_NAME:
      server_name = kept;
      return MARGAY_OK;
    case MARGAY_SERVER_PORT:
      if (!is_port()) return MARGAY_FAILED;
      server_port = static_cast<std::uint16_t>(port);
      return MARGAY_OK;
    case MARGAY_PRINCIPAL:
      principal_ = kept;
      return MARGAY_OK;
    case MARGAY_QUERY:
      request.query = {kept.data(), kept.size()};
      return MARGAY_OK;
    case MARGAY_PATH:
      return set_path(kept);
    default:
      return MARGAY_FAILED;
  }
}

// From `map`, the route is chosen by the new path; a filter of an application stays within it.
margay_result Invocation::set_path(std::string_view path) {
  const std::string_view context{request.context_path.data, request.context_path.size};
  const std::size_t matched = context.size() + request.servlet_path.size;
  if (mapping_) {
    char* const room = exchange_.arena().array<char>(path.size());
    std::copy(path.begin(), path.end(), room);
    path = normalise_path({room, path.size()});
    if (!path.starts_with(context) || !path.substr(context.size()).starts_with('/'))
      return MARGAY_FAILED;
    request.path = {path.data(), path.size()};
    return MARGAY_OK;
  }
  if (path.size() < matched || path.front() != '/') return MARGAY_FAILED;
  request.path = {path.data(), path.size()};
  request.path_info = {path.data() + matched, path.size() - matched};
  return MARGAY_OK;
}

RequestAttribute* Invocation::find_attribute(std::string_view name) {
  for (RequestAttribute* one = attributes_; one != nullptr; one = one->next)
    if (one->name == name) return one;
  return nullptr;
}

// That of the name, or a new one; null: there are too many.
RequestAttribute* Invocation::attribute_room(std::string_view name) {
  if (RequestAttribute* const there = find_attribute(name); there != nullptr) return there;
  if (attribute_count_ == kMaxAttributes) return nullptr;
  ++attribute_count_;
  attributes_ = exchange_.arena().make<RequestAttribute>(
      RequestAttribute{.name = exchange_.arena().copy(name), .value = {}, .next = attributes_});
  return attributes_;
}

std::optional<std::string_view> Invocation::attribute(std::string_view name) {
  const RequestAttribute* const there = find_attribute(name);
  if (there != nullptr && there->is_set) return there->value;
  if (dispatches_ != nullptr)
    if (const auto value = dispatch_attribute(*dispatches_, name, exchange_.arena())) return value;
  return tls_ == nullptr ? std::nullopt : tls_attribute(*tls_, name, exchange_.arena());
}

std::optional<std::string_view> Invocation::ask_attribute(std::string_view name) {
  RequestAttribute* const there = find_attribute(name);
  if (there != nullptr && !there->is_set && there->make != nullptr) {
    const auto make = std::exchange(there->make, nullptr);  // who makes it finds none
    make(there->argument, handle(*this), {there->name.data(), there->name.size()});
    if (!there->is_set && there->make == nullptr) there->make = make;
  }
  return attribute(name);
}

margay_result Invocation::set_attribute(std::string_view name, std::string_view value) {
  RequestAttribute* const room = attribute_room(name);
  if (room == nullptr) return MARGAY_FAILED;
  room->value = exchange_.arena().copy(value);
  room->is_set = true;
  return MARGAY_OK;
}

margay_result Invocation::provide_attribute(std::string_view name, RequestAttribute::Make make,
                                            void* argument) {
  RequestAttribute* const room = attribute_room(name);
  if (room == nullptr) return MARGAY_FAILED;
  room->is_set = false;
  room->make = make;
  room->argument = argument;
  return MARGAY_OK;
}

}  // namespace container
