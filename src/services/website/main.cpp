#include "services/website/website.h"

int main(int argc, char** argv) {
  namespace website = bulkhead::services::website;
  return bulkhead::service::run(argc, argv, website::definition(), website::set_up);
}
