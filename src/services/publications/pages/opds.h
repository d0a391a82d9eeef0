// The catalogue for reading applications: OPDS 1.2 (https://specs.opds.io/opds-1.2): a navigation
// feed to begin with, acquisition feeds below it, and an OpenSearch description. The feeds are made
// by pure functions, which the tests call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "service/site.h"
#include "services/publications/domain/catalogue_store.h"

namespace bulkhead::services::publications {

inline constexpr std::uint64_t kOpdsPageSize = 50;

void add_opds(service::Site& site, const std::shared_ptr<CatalogueStore>& catalogue);

struct NavigationEntry {
  std::string id;
  std::string title;
  std::string text;
  std::string path;      // of the acquisition feed, with language
  std::string relation;  // "subsection", "http://opds-spec.org/sort/new"
};

struct OpdsFrame {
  std::string id;
  std::string title;
  std::string language;  // of the feed itself
  std::string origin;
  std::string self;  // path with query
  std::string next;  // path with query; "" on the last page
  std::string previous;
  WallTime updated{};
  std::uint64_t total = 0;
};

std::string opds_navigation_feed(const OpdsFrame& frame,
                                 const std::vector<NavigationEntry>& entries);
std::string opds_acquisition_feed(const OpdsFrame& frame,
                                  const std::vector<const Publication*>& publications);
std::string opensearch_description(const OpdsFrame& frame);

}  // namespace bulkhead::services::publications
