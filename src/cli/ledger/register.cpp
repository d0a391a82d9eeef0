#include "cli/ledger/register.h"

#include "cli/ledger/verbs.h"

namespace bulkhead::cli::ledger {

void register_ledger(Command& root) {
  Command& ledger = root.subcommand("ledger", "The signed record of what happened");

  auto showing = std::make_shared<ShowVerb>();
  Command& show_verb = ledger.subcommand("show", "The newest events, each proven to be in it");
  add_source_options(show_verb, *showing);
  show_verb.option("-n,--count", showing->count, "How many")
      .option("--from", showing->from, "Begin with this event, in place of the newest")
      .flag("--json", showing->json, "One line an event, as it was recorded")
      .on_run([showing] { return show(*showing); });

  auto verifying = std::make_shared<VerifyVerb>();
  Command& verify_verb =
      ledger.subcommand("verify", "Check every event; name the first place that is not as signed");
  add_source_options(verify_verb, *verifying);
  verify_verb
      .option("--witness", verifying->witnesses,
              "The key of a witness that has to have cosigned what is remembered, or else the "
              "newest checkpoint; several times. An estate's vault has its key in witness.vkey")
      .option("--remembered", verifying->remembered,
              "A file with a checkpoint from a witness, or from earlier; several times")
      .option("--proof", verifying->proof, "Check this proof alone, and nothing of a ledger")
      .flag("--offline", verifying->offline,
            "Do not ask the estate's vault; compare what it cosigned last and is kept here")
      .flag("--json", verifying->json, "For programs")
      .on_run([verifying] { return verify_ledger(*verifying); });

  auto proving = std::make_shared<ProveVerb>();
  Command& prove_verb = ledger.subcommand(
      "prove", "A proof that an event is in it, for who has the ledger's key alone");
  add_source_options(prove_verb, *proving);
  prove_verb.argument("EVENT", proving->index, "Its number, from 0", Need::required)
      .on_run([proving] { return prove(*proving); });

  auto exporting = std::make_shared<ExportVerb>();
  Command& export_verb =
      ledger.subcommand("export", "A copy that anybody can check, and the events as JSON lines");
  add_source_options(export_verb, *exporting);
  export_verb.argument("FOLDER", exporting->to, "New, or empty", Need::required)
      .on_run([exporting] { return export_ledger(*exporting); });
}

}  // namespace bulkhead::cli::ledger
