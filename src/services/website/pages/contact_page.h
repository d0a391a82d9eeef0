// The contact form: shown, checked, kept, and answered with a reference.
#pragma once

#include <memory>

#include "service/service.h"
#include "services/website/domain/message_box.h"

namespace bulkhead::services::website {

void add_contact_page(service::Context& context, const std::shared_ptr<MessageBox>& messages);

}  // namespace bulkhead::services::website
