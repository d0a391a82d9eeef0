#include "services/website/domain/content_store.h"

#include <fmt/format.h>

#include "base/log.h"

namespace bulkhead::services::website {
namespace {

constexpr std::size_t kProblemsNamed = 5;

std::string describe(const std::vector<Problem>& problems) {
  std::string out = fmt::format("{} file(s) of the content cannot be used:", problems.size());
  for (std::size_t i = 0; i < problems.size() && i < kProblemsNamed; ++i) {
    out += fmt::format(" {}: {};", problems[i].file, problems[i].message);
  }
  if (problems.size() > kProblemsNamed) out += " and more;";
  out.pop_back();
  return out;
}

void log_problems(const Content& content) {
  for (const Problem& problem : content.problems()) {
    log::warning("page skipped", {{"file", problem.file}, {"reason", problem.message}});
  }
}

}  // namespace

ContentStore::ContentStore(Path data, std::span<const std::string_view> languages, Clock& clock)
    : data_(std::move(data)), languages_(languages.begin(), languages.end()), clock_(clock) {}

std::shared_ptr<const Content> ContentStore::current() {
  return state_.with([&](State& state) {
    const SteadyTime now = clock_.steady_now();
    if (state.content && now - state.looked_at < kLookInterval) return state.content;
    state.looked_at = now;
    const std::uint64_t fingerprint = content_fingerprint(data_);
    if (state.content && fingerprint == state.fingerprint) return state.content;
    auto content = std::make_shared<const Content>(Content::load(data_, languages_));
    log::info("content loaded", {{"documents", std::to_string(content->document_count())},
                                 {"skipped", std::to_string(content->problems().size())}});
    log_problems(*content);
    state.content = std::move(content);
    state.fingerprint = fingerprint;
    return state.content;
  });
}

Result<void> ContentStore::check_ready() {
  const auto content = current();
  if (!content->page("")) {
    return fail(ErrorKind::unavailable, content->problems().empty()
                                            ? "pages/home holds no page in any language"
                                            : describe(content->problems()));
  }
  const std::size_t skipped = content->problems().size();
  if (skipped * 4 >= skipped + content->document_count()) {
    return fail(ErrorKind::corrupt, describe(content->problems()));
  }
  return {};
}

Result<void> ContentStore::check_integrity() const {
  const Content content = Content::load(data_, languages_);
  if (!content.problems().empty()) return fail(ErrorKind::corrupt, describe(content.problems()));
  if (!content.page("")) {
    return fail(ErrorKind::corrupt, "pages/home holds no page in any language");
  }
  return {};
}

}  // namespace bulkhead::services::website
