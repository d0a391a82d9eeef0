#include "services/imodocs/library/text_extractor.h"

#include <fcntl.h>

#include "sandbox/confine.h"

namespace bulkhead::services::imodocs {
namespace {

constexpr std::string_view kProgram = "/usr/bin/pdftotext";

class ConfinedPdftotext final : public TextExtractor {
 public:
  Result<std::string> extract(const Path& pdf) const override {
    const FileDescriptor file = TRY(open_file(pdf, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    return TRY_CONTEXT(
        sandbox::run_confined(std::string(kProgram), {"-q", "-enc", "UTF-8", "-", "-"}, file.get()),
        "reading the text of " + pdf.string());
  }
};

}  // namespace

std::unique_ptr<TextExtractor> confined_pdftotext() {
  return std::make_unique<ConfinedPdftotext>();
}

}  // namespace bulkhead::services::imodocs
