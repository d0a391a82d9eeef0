// Who may speak on the control socket: the user that bulkheadd runs as, and root, but nothing that
// bulkheadd itself started. The gateway, the services and the vault have no business there, and one
// of them that was broken into would otherwise seal, expose and issue passes like an operator.
#pragma once

#include <optional>

#include "http/router.h"

namespace bulkhead::supervisor {

// Kind denied, with the reason, for anybody else; also where nobody can tell who it is.
Result<void> admit_peer(const std::optional<http::Peer>& peer);

// Answers 403 where admit_peer refuses, and says so in the log; else what `handler` answers.
http::Handler for_operators(http::Handler handler);

}  // namespace bulkhead::supervisor
