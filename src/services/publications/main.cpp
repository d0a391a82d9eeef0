#include "services/publications/publications.h"

int main(int argc, char** argv) {
  namespace publications = bulkhead::services::publications;
  return bulkhead::service::run(argc, argv, publications::definition(), publications::set_up);
}
