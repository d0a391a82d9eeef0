"""Virtual Publications as a program: two origins, ranges, and what is downloaded is a valid EPUB."""
import pathlib
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as ElementTree

from service_process import Service

ATOM = "{http://www.w3.org/2005/Atom}"
BOOKS = "books.publications.localhost"


def valid_epub(content):
    """Asks epubcheck, the reference validator; Debian's is a jar behind a link."""
    jar = pathlib.Path("/usr/share/java/epubcheck.jar")
    if not jar.exists() or not shutil.which("java"):
        return True
    with tempfile.NamedTemporaryFile(suffix=".epub") as file:
        file.write(content)
        file.flush()
        return subprocess.run(["java", "-jar", jar, "-q", file.name]).returncode == 0


with Service("publications") as service:
    status, headers, body = service.get("/en/opds/all")
    assert status == 200
    entries = ElementTree.fromstring(body).findall(f"{ATOM}entry")
    assert len(entries) >= 9, len(entries)

    downloads = [link.get("href") for entry in entries for link in entry.findall(f"{ATOM}link")
                 if link.get("rel") == "http://opds-spec.org/acquisition/open-access"]
    assert len(downloads) == len(entries)
    for address in downloads:
        target = address.removeprefix("https://publications.localhost")
        status, headers, whole = service.get(target)
        assert status == 200 and headers["Content-Type"] == "application/epub+zip"
        status, headers, part = service.get(target, headers={"Range": "bytes=30-57"})
        assert status == 206 and part == whole[30:58], (status, part)
        if address.endswith("guide-ar.epub"):  # the one with the most in it; each takes seconds
            assert valid_epub(whole), address

    status, headers, body = service.get("/ar/publications/ship-guide-ar/read/3")
    source = re.search(r'<iframe[^>]* src="https://([^/"]+)([^"]+)"', body.decode())
    assert source.group(1) == BOOKS, source.group(0)
    status, headers, chapter = service.get(source.group(2), host=BOOKS)
    assert status == 200 and b'dir="rtl"' in chapter
    policy = headers["Content-Security-Policy"]
    assert "script-src 'none'" in policy and policy.endswith(
        "sandbox allow-top-navigation-by-user-activation"), policy
    assert service.get(source.group(2))[0] == 404
    assert service.get("/ar/publications/ship-guide-ar", host=BOOKS)[0] == 404
print(f"publications: {len(entries)} books downloaded, read and checked")
