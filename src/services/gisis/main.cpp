#include "services/gisis/gisis.h"

int main(int argc, char** argv) {
  namespace gisis = bulkhead::services::gisis;
  return bulkhead::service::run(argc, argv, gisis::definition(), gisis::set_up);
}
