#include "service/testing.h"

#include "base/guarded.h"
#include "http/url.h"
#include "service/internal/audit_socket.h"
#include "service/internal/instance.h"

namespace bulkhead::service {
namespace {

// 1 June 2026, noon: the same in every run.
WallTime test_time() {
  using namespace std::chrono;
  return sys_days(year(2026) / June / 1) + hours(12);
}

constexpr std::size_t kFileSizeMax = 64 * 1024 * 1024;

class KeptAudit final : public Audit {
 public:
  explicit KeptAudit(Clock& clock) : clock_(clock) {}
  void record(const http::Request& request, std::string_view action, Outcome outcome,
              json::Object details) override {
    const std::string event =
        internal::audit_event("test", clock_.now(), request, action, outcome, std::move(details));
    events_.with([&](auto& events) { events.push_back(event); });
  }
  std::vector<std::string> events() const {
    return events_.with([](const auto& events) { return events; });
  }

 private:
  Clock& clock_;
  Guarded<std::vector<std::string>> events_;
};

class KeptBody final : public http::BodyWriter {
 public:
  Result<void> write(std::string_view piece) override {
    text += piece;
    return {};
  }
  std::string text;
};

class InProcess final : public ServiceUnderTest {
 public:
  static Result<std::unique_ptr<ServiceUnderTest>> start(const Definition& definition,
                                                         const Setup& setup, const Path& data,
                                                         std::string_view configuration) {
    auto document = TRY(config::Document::parse(configuration, definition.name + ".toml"));
    auto service = std::make_unique<InProcess>();
    service->instance_ =
        TRY(internal::Instance::start({.definition = definition,
                                       .data = data,
                                       .configuration = std::move(document),
                                       .clock = service->clock_,
                                       .random = service->random_,
                                       .audit = service->audit_,
                                       .audit_counts = [] { return internal::AuditCounts{}; }},
                                      setup));
    return service;
  }

  http::Response send(TestRequest sent) override {
    http::MemoryBody body(to_bytes(sent.body));
    http::Request request;
    request.method = sent.method;
    request.raw_target = sent.target;
    request.headers = std::move(sent.headers);
    request.body = &body;
    request.client_address = "192.0.2.7";
    request.request_id = "test-request";
    if (!request.headers.find("Host")) request.headers.set("Host", "service.example");
    if (!request.headers.find("Cookie") && !cookie_.empty()) request.headers.set("Cookie", cookie_);
    auto target = http::parse_target(sent.target);
    if (!target) return http::problem(target.error(), request);
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    http::Response response = instance_->handle(request);
    if (const auto cookie = response.headers.find("Set-Cookie")) {
      cookie_ = std::string(cookie->substr(0, cookie->find(';')));
    }
    return response;
  }

  std::string body_of(http::Response& response) override {
    if (response.stream) {
      KeptBody body;
      const auto streamed = response.stream(body);
      return streamed ? body.text : "stream failed: " + streamed.error().message();
    }
    if (!response.file) return response.body;
    auto bytes = read_to_end(response.file->file.get(), kFileSizeMax);
    if (!bytes) return "file failed: " + bytes.error().message();
    return std::string(as_text(*bytes).substr(response.file->offset, response.file->length));
  }

  std::vector<std::string> audit_events() const override { return audit_.events(); }

 private:
  ManualClock clock_{test_time()};
  SeededRandom random_{1};
  KeptAudit audit_{clock_};
  std::unique_ptr<internal::Instance> instance_;
  std::string cookie_;
};

}  // namespace

Result<std::unique_ptr<ServiceUnderTest>> ServiceUnderTest::start(const Definition& definition,
                                                                  const Setup& setup,
                                                                  const Path& data,
                                                                  std::string_view configuration) {
  return InProcess::start(definition, setup, data, configuration);
}

http::Response ServiceUnderTest::get(std::string target) {
  return send({.target = std::move(target)});
}

http::Response ServiceUnderTest::submit(std::string form_page, std::string target,
                                        const std::map<std::string, std::string>& fields) {
  http::Response page = get(std::move(form_page));
  const std::string html = body_of(page);
  const std::string before = "name=\"" + std::string(internal::kFormField) + "\" value=\"";
  http::Parameters form;
  if (const std::size_t at = html.find(before); at != std::string::npos) {
    const std::size_t begin = at + before.size();
    form.add(std::string(internal::kFormField), html.substr(begin, html.find('"', begin) - begin));
  }
  for (const auto& [name, value] : fields) form.add(name, value);
  http::Headers headers;
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  return send({.method = http::Method::post,
               .target = std::move(target),
               .headers = std::move(headers),
               .body = form.encode()});
}

}  // namespace bulkhead::service
