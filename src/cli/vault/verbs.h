// The verbs of `bulkhead vault`, each hung into the command by its own file.
#pragma once

#include "cli/command.h"

namespace bulkhead::cli::vault {

// On the vault's own machine, with its configuration: who may come in, and who may order.
void add_enrol_client(Command& enrol);
void add_enrol_officer(Command& enrol);
void add_officer_key(Command& vault);
// To the vault over the network: what officers order.
void add_enrol_key(Command& enrol);
void add_destroy(Command& vault);
void add_cancel(Command& vault);
void add_accept_clock(Command& vault);
// By the vault's local socket.
void add_status(Command& vault);
// From one vault to another.
void add_mirror(Command& vault);

}  // namespace bulkhead::cli::vault
