// The kit's only Site. What a page's frame needs beside the Page is gathered here.
#pragma once

#include "service/internal/assets.h"
#include "service/internal/form_guard.h"
#include "service/internal/templates.h"
#include "service/site.h"

namespace bulkhead::service::internal {

class ServiceSite final : public Site {
 public:
  ServiceSite(http::Router& router, Clock& clock, Random& random, SiteOptions options,
              std::unique_ptr<Catalogue> messages, Templates templates);

  void set_navigation(std::vector<NavigationItem> items) override;
  void set_navigation(NavigationSource source) override { navigation_ = std::move(source); }
  void get(std::string pattern, PageHandler handler) override;
  void post(std::string pattern, PageHandler handler) override;
  void post_upload(std::string pattern, std::size_t size_max, PageHandler handler) override;
  const Catalogue& messages() const override { return *messages_; }
  std::string asset_path(std::string_view name) const override { return assets_.path_of(name); }

  const Assets& assets() const { return assets_; }
  // For a request that no route took, or whose handler was none of Site's: the language is the
  // path's, or else the visitor's.
  http::Response error_page(int status, const Error& error, http::Request& request) const;

 protected:
  std::string render(Language language, std::string_view name,
                     const json::Object& model) const override;
  http::Response respond(Visit& visit, Page page) const override;
  http::Response respond_error(Visit& visit, const Error& error) const override;
  std::string form_fields(Visit& visit) const override;

 private:
  http::Response designed_error(Visit& visit, int status, const Error& error) const;
  http::Response answer(const PageHandler& handler, Visit& visit) const;
  using FormReader = Result<void> (*)(Visit& visit, std::size_t size_max);
  http::Response answer_form(const PageHandler& handler, Visit& visit, FormReader read,
                             std::size_t size_max) const;
  static Result<void> read_form(Visit& visit, std::size_t size_max);
  static Result<void> read_upload(Visit& visit, std::size_t size_max);
  void add_for_each_language(http::Method method, const std::string& pattern,
                             std::function<http::Response(http::Request&, Language)> handler);
  json::Array language_links(const Visit& visit) const;
  json::Array alternate_links(const Visit& visit, const Page& page) const;
  json::Array navigation_links(const Visit& visit) const;
  std::string organisation(Language language) const;
  std::string status_url(const Visit& visit) const;
  std::string banner(const Visit& visit) const;
  json::Object frame_model(const Visit& visit, const Page& page) const;

  http::Router& router_;
  Random& random_;
  const SiteOptions options_;
  const FormGuard forms_;
  const Assets assets_;
  std::unique_ptr<Catalogue> messages_;  // at one address: the templates point to it
  const Templates templates_;
  NavigationSource navigation_;  // may be empty
};

// "?a=b" as it was sent, or "".
std::string raw_query(const http::Request& request);

}  // namespace bulkhead::service::internal
