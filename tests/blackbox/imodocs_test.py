"""IMODOCS as a program: documents by their symbols, their files whole and in parts, and a search
that reads inside the PDFs, in several languages."""
import json
import re
import urllib.parse

from service_process import Service

# A word of a PDF that no title says, its language, and the document.
INSIDE = [("rehearsed", "en", "MSC 201/6"), ("queue", "en", "FAL 144/4"),
          ("неполными", "ru", "MSC 201/6"), ("校验位", "zh", "A.9117(130)")]
LANGUAGES = {"en": "Provisional agenda for the two hundred and first session",
             "fr": "Ordre du jour provisoire de la deux cent unième session",
             "es": "Orden del día provisional del 201º período de sesiones",
             "ar": "جدول الأعمال المؤقت للدورة الأولى بعد المائتين",
             "zh": "第二百零一届会议临时议程",
             "ru": "Предварительная повестка дня двести первой сессии"}


def search(service, words, **filters):
    query = urllib.parse.urlencode({"q": words, **filters})
    status, _, body = service.get(f"/en/search.json?{query}")
    assert status == 200, (words, status)
    return json.loads(body)


def check_pages(service):
    status, _, page = service.get("/en/sessions/MSC-201")
    assert status == 200
    listed = set(re.findall(r'href="/en/documents/([^"/]+)"', page.decode()))
    symbols = re.findall(r'^symbol = "(.*)"$',
                         (service.data / "documents/MSC/201/documents.toml").read_text(), re.M)
    assert listed == {re.sub("[ /]", "-", symbol) for symbol in symbols}, listed
    assert b'href="/en/sessions/MSC-201"' in service.get("/en/bodies/MSC")[2]
    for language, title in LANGUAGES.items():
        status, headers, page = service.get(f"/{language}/documents/MSC-201-1")
        assert status == 200 and headers["Content-Language"] == language, language
        assert f"/{language}/documents/MSC-201-1/{language}.pdf" in page.decode(), language
        heading = re.search(r"<h1[^>]*>(.*?)</h1>", page.decode(), re.S).group(0)
        assert title in heading and f'lang="{language}"' in heading, heading
    status, headers, _ = service.get("/en/documents/msc%20201-3-1")
    assert status == 301 and headers["Location"] == "/en/documents/MSC-201-3-1", status
    told = json.loads(service.get("/en/documents/MSC-201-3-1.json")[2])
    assert told["symbol"] == "MSC 201/3/1", told
    assert {file["language"] for file in told["files"]} == {"en", "fr", "es"}, told


def check_downloads(service):
    target = "/en/documents/MSC-201-3-1/fr.pdf"
    content = (service.data / "documents/MSC/201/MSC 201-3-1 (F).pdf").read_bytes()
    status, headers, whole = service.get(target)
    assert status == 200 and whole == content and content.startswith(b"%PDF-"), status
    assert headers["Content-Type"] == "application/pdf"
    assert 'filename="MSC 201-3-1 (F).pdf"' in headers["Content-Disposition"], headers
    for asked, start, end in (("bytes=100-199", 100, 200), ("bytes=-50", len(content) - 50,
                                                            len(content))):
        status, headers, part = service.get(target, headers={"Range": asked})
        assert status == 206 and part == content[start:end], (asked, status)
        assert headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(content)}", headers
    assert service.get(target, headers={"Range": f"bytes={len(content)}-"})[0] == 416
    for missing in ("MSC-201-3-1/ar.pdf", "MSC-201-3-1/fr.exe", "MSC-201-99/en.pdf",
                    "MSC-201-3-1/..%2f..%2fbodies.toml"):
        assert service.get(f"/en/documents/{missing}")[0] == 404, missing


def check_search(service):
    catalogue = "".join(path.read_text() for path in service.data.rglob("*.toml")).lower()
    for word, language, symbol in INSIDE:
        assert word not in catalogue, f"{word} is in a title: it says nothing about PDFs"
        answer = search(service, word, language=language)
        found = {document["symbol"]: document for document in answer["documents"]}
        assert symbol in found and answer["total"] == len(found), (word, found.keys())
        assert found[symbol]["found_in"] == language, found[symbol]
        assert found[symbol]["snippet_html"], found[symbol]
        status, _, page = service.get(f"/{language}/search?" + urllib.parse.urlencode({"q": word}))
        assert status == 200 and symbol in page.decode(), word
    snippet = search(service, "rehearsed")["documents"][0]["snippet_html"]
    assert "<mark>rehearsed</mark>" in snippet, snippet
    assert search(service, "rehearsed", body="FAL")["total"] == 0
    assert search(service, "zzzznothing") == {"total": 0, "documents": []}
    by_symbol = service.get("/en/search?q=MSC+201%2FWP.1")[2].decode()
    assert "The document with this symbol" in by_symbol, "no way straight to a symbol"


def check_missing(service):
    status, headers, body = service.get("/en/documents/MSC-201-99.json")
    assert status == 404 and headers["Content-Type"] == "application/problem+json", status
    assert "MSC-201-99" in json.loads(body)["detail"], body
    for target in ("documents/MSC-201-99", "documents/nonsense", "sessions/MSC-999", "bodies/XYZ"):
        status, headers, body = service.get(f"/en/{target}")
        assert status == 404 and headers["Content-Type"].startswith("text/html"), target
        assert b"Page not found" in body, target


with Service("imodocs") as running:
    check_pages(running)
    check_downloads(running)
    check_search(running)
    check_missing(running)
    assert json.loads(running.get("/integrity")[2]) == {"intact": True}
print(f"imodocs: documents in {len(LANGUAGES)} languages, {len(INSIDE)} words found inside PDFs")
