"""``daedam sessions``, ``invite``, ``export``, ``end`` and ``delete``."""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from server.access import EVERY_SESSION
from server.api.sessions import Invitation
from server.cli import sound
from server.cli.office import Office, in_office
from server.entrance.publicity import door
from server.errors import ClientError, ErrorCode
from server.export import Format, render
from server.journal.protocol import SessionInfo
from server.lockfile import RunningServer, running_server
from server.messages import check_session_id
from server.paths import PREFIX
from server.settings import Settings


def sessions(settings: Settings, options: argparse.Namespace) -> int:
    """Print a line per interview, the newest first."""
    del options
    for info in in_office(settings, lambda office: office.sessions()):
        life = "erased" if info.is_erased else "ended" if info.is_closed else "live"
        created = datetime.fromtimestamp(info.created_wall).astimezone()
        print(f"{info.session}\t{life}\t{created:%Y-%m-%d %H:%M}\t{info.last_seq} events")
    return 0


def invite(settings: Settings, options: argparse.Namespace) -> int:
    """Print the link on stdout, everything else on stderr."""
    session = options.session
    if session != EVERY_SESSION:
        check_session_id(session)
    wanted = Invitation(
        seat=options.seat,
        role=options.role,
        name=options.name,
        expires_s=options.expires,
        is_ahead=True,
    )

    async def work(office: Office) -> tuple[str, SessionInfo | None]:
        known = {info.session: info for info in await office.sessions()}
        return await office.invite(session, wanted), known.get(session)

    try:
        token, known = in_office(settings, work)
    except ValueError as error:
        raise ClientError(ErrorCode.BAD_REQUEST, f"{error}.") from None
    if known is None and session != EVERY_SESSION:
        print(
            f"Warning: there is no interview {session} yet; "
            "it begins when an operator connects to it.",
            file=sys.stderr,
        )
    if known is not None and known.is_closed:
        print("This interview has ended; the link only opens its record.", file=sys.stderr)
    server = running_server(settings.data)
    if server is None and settings.public_url is None:
        print("No server runs here: set DAEDAM_HOST and DAEDAM_PORT to its.", file=sys.stderr)
    base = (server and server.public_url) or settings.public_url or _address(server, settings)
    print(f"In a browser: {door(base, session, token)}", file=sys.stderr)
    where = "SESSION" if session == EVERY_SESSION else quote(session, safe="")
    print(f"{base.replace('http', 'ws', 1)}{PREFIX}/ws/interview/{where}?t={token}")
    return 0


def _address(server: RunningServer | None, settings: Settings) -> str:
    if server is not None:
        return server.url
    scheme = "https" if settings.tls_cert else "http"
    host = settings.host.strip("[]")
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{settings.port}"


def export(settings: Settings, options: argparse.Namespace) -> int:
    """Write the record of one interview, or its sound."""
    if options.format == sound.FORMAT:
        return sound.export(settings, options)
    session, entries = in_office(settings, lambda office: office.read(options.session))
    write(render(session, entries, Format(options.format)), options.output)
    return 0


def end(settings: Settings, options: argparse.Namespace) -> int:
    """End an interview."""
    in_office(settings, lambda office: office.end(options.session))
    print(f"{options.session} has ended.", file=sys.stderr)
    return 0


def delete(settings: Settings, options: argparse.Namespace) -> int:
    """Erase for good, after asking."""
    what = f"{options.seat} of {options.session}" if options.seat else options.session
    if not options.yes:
        if not sys.stdin.isatty():
            raise ClientError(ErrorCode.BAD_REQUEST, "Say --yes to erase without being asked.")
        if input(f"Erase {what} for good? [y/N] ").strip().lower() not in ("y", "yes", "예"):
            return 1
    count = in_office(settings, lambda office: office.erase(options.session, options.seat))
    print(
        f"Erased {count} events of {what}. Backups, if any, are yours to erase."
        if count
        else f"Nothing was left to erase of {what}.",
        file=sys.stderr,
    )
    return 0


def write(text: str, output: Path | None) -> None:
    """Write to a file, or to stdout."""
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        output.write_text(text, encoding="utf-8")
