#include "services/meetings/meetings.h"

int main(int argc, char** argv) {
  using namespace bulkhead;
  return service::run(argc, argv, services::meetings::definition(), services::meetings::set_up);
}
