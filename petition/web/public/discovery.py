"""Files for machines: what search engines may read, where to report a security problem, who signs the letters."""

from datetime import timedelta
from xml.sax.saxutils import quoteattr

from petition.campaign.campaign import Placeholder
from petition.features import features
from petition.site import Site
from petition.web.http.public_state import PublicState

PAGES = ("", "tally", "governments", "privacy", "safety", "data", "help", "press", "how-we-count")
_DISALLOWED = (
    "/organisers/",
    "/dev/",
    "/*/confirm/",
    "/*/manage/",
    "/*/unsubscribe/",
    "/*/never-write/",
    "/*/thanks",
    "/*/sign",
)
_EXPIRES_AFTER = timedelta(days=180)  # of security.txt; RFC 9116 wants less than a year


def robots_txt(site: Site, state: PublicState) -> str:
    """What crawlers must not read (RFC 9309)."""
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in _DISALLOWED),
        "",
        f"Sitemap: {site.settings.base_url}/sitemap.xml",
    ]
    return "\n".join(lines) + "\n"


def sitemap_xml(site: Site, state: PublicState) -> str:
    """Every public page, with its address in all languages (sitemaps.org; hreflang as search engines read it)."""
    codes = [language.code for language in site.languages]
    pages = (*PAGES, *(page for feature in features() for page in feature.pages))
    entries = "".join(_entry(site.settings.base_url, code, codes, page) for page in pages for code in codes)
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {spaces}>\n{entries}</urlset>\n'


def _entry(base_url: str, code: str, codes: list[str], page: str) -> str:
    others = "".join(
        f'<xhtml:link rel="alternate" hreflang="{other}" href={quoteattr(f"{base_url}/{other}/{page}")}/>'
        for other in codes
    )
    return f"<url><loc>{base_url}/{code}/{page}</loc>{others}</url>\n"


def security_txt(site: Site, state: PublicState) -> str:
    """Where to report a security problem (RFC 9116). Only a comment while the campaign has no contact."""
    contact, encryption = state.appeal.campaign.contact, state.appeal.campaign.encryption
    if isinstance(contact, Placeholder):
        return f"# {contact}\n"
    lines = [
        f"Contact: mailto:{contact}",
        *([f"Encryption: {encryption}"] if encryption else []),
        f"Expires: {(state.today + _EXPIRES_AFTER).isoformat()}T00:00:00Z",
        "Preferred-Languages: " + ", ".join(language.code for language in site.languages),
        f"Canonical: {site.settings.base_url}/.well-known/security.txt",
    ]
    return "\n".join(lines) + "\n"


def letters_pub(site: Site, state: PublicState) -> str:
    """The key that signs the list of an edition, as `ssh-keygen -Y verify -f` reads it; only a comment without one."""
    signer = site.index_signer
    return signer.allowed_signers if signer else "# The list of an edition is not signed here.\n"
