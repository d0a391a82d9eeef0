#include "supervisor/protection.h"

namespace bulkhead::supervisor {
namespace {

class Protection final : public Extension {
 public:
  explicit Protection(Supervisor& supervisor) : supervisor_(supervisor) {}
  void add_routes(http::Router&) override {}
  Result<void> start() override {
    for (const ServiceConfig& service : supervisor_.estate().services) {
      if (service.canaries.empty()) continue;
    }
    return {};
  }
  void stop() override {}

 private:
  Supervisor& supervisor_;
};

}  // namespace

Result<std::unique_ptr<Extension>> make_protection(Supervisor& supervisor) {
  return std::make_unique<Protection>(supervisor);
}

}  // namespace bulkhead::supervisor
