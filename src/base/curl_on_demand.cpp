// libcurl, loaded when it is first called. It brings 26 further libraries (Kerberos, LDAP, SSH,
// a second TLS), which a vault that speaks to nobody should not hold in its memory, nor a command
// on a local repository wait for: docs/decisions/0066. These are the functions that our adaptors
// call, under curl's own names; a program that has them is not linked with libcurl.
#include <cstdarg>
#include <cstdint>
#include <string>
#include <type_traits>

#include <curl/curl.h>
#include <dlfcn.h>

namespace {

struct Library {
  decltype(&::curl_global_init) global_init = nullptr;
  decltype(&::curl_free) free = nullptr;
  decltype(&::curl_slist_append) slist_append = nullptr;
  decltype(&::curl_slist_free_all) slist_free_all = nullptr;
  decltype(&::curl_url) url = nullptr;
  decltype(&::curl_url_cleanup) url_cleanup = nullptr;
  decltype(&::curl_url_get) url_get = nullptr;
  decltype(&::curl_url_set) url_set = nullptr;
  decltype(&::curl_easy_init) easy_init = nullptr;
  decltype(&::curl_easy_cleanup) easy_cleanup = nullptr;
  decltype(&::curl_easy_reset) easy_reset = nullptr;
  decltype(&::curl_easy_setopt) easy_setopt = nullptr;
  decltype(&::curl_easy_getinfo) easy_getinfo = nullptr;
  decltype(&::curl_easy_perform) easy_perform = nullptr;
  decltype(&::curl_easy_recv) easy_receive = nullptr;
  decltype(&::curl_easy_send) easy_send = nullptr;
  decltype(&::curl_easy_strerror) easy_error_text = nullptr;
  std::string problem;  // empty: all of them are there

  Library() {
    void* const handle = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      note_problem();
      return;
    }
    const auto find = [&](auto& function, const char* name) {
      function =
          reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
      if (function == nullptr) note_problem();
    };
    find(global_init, "curl_global_init");
    find(free, "curl_free");
    find(slist_append, "curl_slist_append");
    find(slist_free_all, "curl_slist_free_all");
    find(url, "curl_url");
    find(url_cleanup, "curl_url_cleanup");
    find(url_get, "curl_url_get");
    find(url_set, "curl_url_set");
    find(easy_init, "curl_easy_init");
    find(easy_cleanup, "curl_easy_cleanup");
    find(easy_reset, "curl_easy_reset");
    find(easy_setopt, "curl_easy_setopt");
    find(easy_getinfo, "curl_easy_getinfo");
    find(easy_perform, "curl_easy_perform");
    find(easy_receive, "curl_easy_recv");
    find(easy_send, "curl_easy_send");
    find(easy_error_text, "curl_easy_strerror");
  }

  void note_problem() {
    const char* const why = ::dlerror();
    problem = "libcurl cannot be loaded (install Debian's libcurl4): ";
    problem += why != nullptr ? why : "a function is missing";
  }
};

// Never unloaded: it has threads and handlers of its own.
const Library& library() {
  static const Library* const loaded = new Library;
  return *loaded;
}

bool is_there() { return library().problem.empty(); }

}  // namespace

extern "C" {

CURLcode curl_global_init(long flags) {
  return is_there() ? library().global_init(flags) : CURLE_FAILED_INIT;
}

void curl_free(void* text) {
  if (is_there()) library().free(text);
}

curl_slist* curl_slist_append(curl_slist* list, const char* text) {
  return is_there() ? library().slist_append(list, text) : nullptr;
}

void curl_slist_free_all(curl_slist* list) {
  if (is_there()) library().slist_free_all(list);
}

CURLU* curl_url() { return is_there() ? library().url() : nullptr; }

void curl_url_cleanup(CURLU* url) {
  if (is_there()) library().url_cleanup(url);
}

CURLUcode curl_url_get(CURLU* url, CURLUPart part, char** text, unsigned flags) {
  return is_there() ? library().url_get(url, part, text, flags) : CURLUE_OUT_OF_MEMORY;
}

CURLUcode curl_url_set(CURLU* url, CURLUPart part, const char* text, unsigned flags) {
  return is_there() ? library().url_set(url, part, text, flags) : CURLUE_OUT_OF_MEMORY;
}

CURL* curl_easy_init() { return is_there() ? library().easy_init() : nullptr; }

void curl_easy_cleanup(CURL* handle) {
  if (is_there()) library().easy_cleanup(handle);
}

void curl_easy_reset(CURL* handle) {
  if (is_there()) library().easy_reset(handle);
}

// What curl declares takes the rest after an enumeration, as C may.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wvarargs"

// curl/curl.h, CURLOPTTYPE_…: the thousands of an option's number tell the type of its value.
CURLcode curl_easy_setopt(CURL* handle, CURLoption option, ...) {
  if (!is_there()) return CURLE_FAILED_INIT;
  const auto set = library().easy_setopt;
  const int type = static_cast<int>(option) / 10'000 * 10'000;
  va_list values;
  va_start(values, option);
  CURLcode result = CURLE_UNKNOWN_OPTION;
  if (type == CURLOPTTYPE_LONG) {
    result = set(handle, option, va_arg(values, long));
  } else if (type == CURLOPTTYPE_OFF_T) {
    result = set(handle, option, va_arg(values, curl_off_t));
  } else if (type == CURLOPTTYPE_FUNCTIONPOINT) {
    result = set(handle, option, va_arg(values, void (*)()));
  } else {
    result = set(handle, option, va_arg(values, void*));
  }
  va_end(values);
  return result;
}

// Its one value is always a pointer to where the answer goes.
CURLcode curl_easy_getinfo(CURL* handle, CURLINFO what, ...) {
  va_list values;
  va_start(values, what);
  void* const answer = va_arg(values, void*);
  va_end(values);
  return is_there() ? library().easy_getinfo(handle, what, answer) : CURLE_FAILED_INIT;
}

#pragma GCC diagnostic pop

CURLcode curl_easy_perform(CURL* handle) {
  return is_there() ? library().easy_perform(handle) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_recv(CURL* handle, void* room, std::size_t size, std::size_t* received) {
  return is_there() ? library().easy_receive(handle, room, size, received) : CURLE_FAILED_INIT;
}

CURLcode curl_easy_send(CURL* handle, const void* bytes, std::size_t size, std::size_t* sent) {
  return is_there() ? library().easy_send(handle, bytes, size, sent) : CURLE_FAILED_INIT;
}

const char* curl_easy_strerror(CURLcode code) {
  return is_there() ? library().easy_error_text(code) : library().problem.c_str();
}

}  // extern "C"
