#include "services/imodocs/imodocs.h"

int main(int argc, char** argv) {
  namespace imodocs = bulkhead::services::imodocs;
  return bulkhead::service::run(argc, argv, imodocs::definition(), imodocs::set_up);
}
