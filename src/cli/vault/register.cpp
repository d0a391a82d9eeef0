#include "cli/vault/register.h"

#include "cli/vault/verbs.h"

namespace bulkhead::cli::vault {

void register_vault(Command& root) {
  Command& vault = root.subcommand("vault", "The vault: who may enter, what officers order");
  Command& enrol = vault.subcommand("enrol", "Let a client, an officer or a key in");
  add_enrol_client(enrol);
  add_enrol_officer(enrol);
  add_enrol_key(enrol);
  add_officer_key(vault);
  add_destroy(vault);
  add_cancel(vault);
  add_accept_clock(vault);
  add_status(vault);
  add_mirror(vault);
}

}  // namespace bulkhead::cli::vault
