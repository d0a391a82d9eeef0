#!/usr/bin/python3
"""Prints the sample documents: every Markdown file here becomes a PDF of the same name under
estates/imo/content/imodocs/documents. Run it after a text has changed and commit what it makes;
nothing runs it by itself. Needs pandoc, chromium, python3-fonttools and the fonts below: each
document embeds only the letters that it uses, without hints, which keeps it small."""

import html
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
TARGET = HERE.parents[1] / "content" / "imodocs" / "documents"
LANGUAGES = {"E": "en", "F": "fr", "S": "es", "A": "ar", "C": "zh", "R": "ru"}
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
CHINESE_FONT = "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc"
SAMPLE = {
    "en": "Sample. Written for demonstration; it is no document of any organization.",
    "fr": "Exemple. Rédigé à des fins de démonstration ; n’émane d’aucune organisation.",
    "es": "Muestra. Redactado como demostración; no es documento de ninguna organización.",
    "ar": "نموذج. كُتب للعرض التوضيحي وليس وثيقة لأي منظمة.",
    "zh": "示例。为演示而编写，不是任何组织的文件。",
    "ru": "Образец. Написан для демонстрации; не является документом какой-либо организации.",
}


def symbol_of(stem: str, title_file: pathlib.Path) -> str:
    """The symbol as documents.toml beside the PDF writes it."""
    metadata = (TARGET / title_file.parent.relative_to(HERE) / "documents.toml").read_text()
    for symbol in re.findall(r'^symbol = "(.*)"$', metadata, re.MULTILINE):
        if symbol.replace("/", "-") == stem:
            return symbol
    raise SystemExit(f"{title_file}: documents.toml has no symbol for it")


def subset_font(page: str, language: str, target: pathlib.Path) -> None:
    font = CHINESE_FONT if language == "zh" else FONT
    text = target.with_suffix(".txt")
    text.write_text(page)
    # Joined lam and alef come out of a PDF in the wrong order: they stay two letters (rlig).
    subprocess.run([sys.executable, "-m", "fontTools.subset", font, f"--text-file={text}", f"--output-file={target}",
                    "--no-hinting", "--font-number=0", "--layout-features=init,medi,fina,kern"],
                   check=True, capture_output=True)


def print_one(source: pathlib.Path, profile: str) -> None:
    stem, letter = re.fullmatch(r"(.*) \(([EFSACR])\)", source.stem).groups()
    language = LANGUAGES[letter]
    body = subprocess.run(["pandoc", "--from=markdown", "--to=html", str(source)],
                          check=True, capture_output=True, text=True).stdout
    symbol = html.escape(symbol_of(stem, source))
    direction = "rtl" if language == "ar" else "ltr"
    page = f"""<!doctype html><html lang="{language}" dir="{direction}"><meta charset="utf-8">
<title>{symbol}</title><style>@font-face {{ font-family: Document; src: url(document.ttf); }}</style><link rel="stylesheet" href="{(HERE / 'print.css').as_uri()}">
<header><span class="symbol">{symbol}</span></header>
<p class="sample">{SAMPLE[language]}</p>{body}</html>"""
    target = TARGET / source.relative_to(HERE).with_suffix(".pdf")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "document.html"
        file.write_text(page)
        subset_font(page, language, file.with_suffix(".ttf"))
        subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
                        f"--user-data-dir={profile}", "--no-pdf-header-footer",
                        "--disable-pdf-tagging",
                        f"--print-to-pdf={target}", file.as_uri()],
                       check=True, capture_output=True)
    print(f"{target.relative_to(TARGET)}: {target.stat().st_size} bytes")


def main() -> None:
    with tempfile.TemporaryDirectory() as profile:
        for source in sorted(HERE.rglob("*.md")):
            print_one(source, profile)


if __name__ == "__main__":
    main()
