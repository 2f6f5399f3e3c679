"""What can be typed, and how a failure reads: one sentence on stderr, exit status 1."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipeline.containers import NotAudio
from pipeline.jobs import EngineError
from server.access import Role
from server.cli import doctor, importing, models, records, serve, sound, transcribe, voices
from server.cli.transcript import FORMATS
from server.environment import from_environment, port_number
from server.errors import ClientError
from server.events import SEATS
from server.export import Format
from server.lockfile import DataInUse
from server.media.selftest import Unfit
from server.settings import Settings, SettingsError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.run(_settings(options), options)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader of our output has gone; nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    except (ClientError, EngineError, SettingsError, DataInUse, NotAudio, Unfit, OSError) as error:
        print(f"daedam: {_sentence(error)}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        status = 130
    sys.exit(status or 0)


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error)


def _settings(options: argparse.Namespace) -> Settings:
    settings = from_environment()
    changes = {
        name: value
        for name in ("host", "port", "data", "tls_cert", "tls_key")
        if (value := getattr(options, name, None)) is not None
    }
    return settings.replaced(**changes)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="daedam",
        description="대담: a media server for live Korean interview rooms.",
        epilog="Every setting can also be given as DAEDAM_…; see docs/operations.md.",
    )
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: ./data)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    place = argparse.ArgumentParser(add_help=False)
    place.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    place.add_argument("--port", type=_port, help="port to listen on (default: 8000)")
    place.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate chain (PEM)")
    place.add_argument("--tls-key", type=Path, metavar="FILE", help="its key (PEM, no password)")

    command = commands.add_parser("serve", parents=[data, place], help="run the server")
    command.set_defaults(run=serve.serve)

    command = commands.add_parser(
        "doctor",
        parents=[data, place],
        help="check models, disk, port, and what browsers need",
    )
    command.set_defaults(run=doctor.doctor)

    command = commands.add_parser("models", help="list, check or fetch models")
    command.add_argument("action", nargs="?", default="list", choices=("list", "check", "fetch"))
    command.add_argument("name", nargs="?", help="one model (default: those a server needs)")
    command.add_argument(
        "--from", dest="folder", type=Path, metavar="DIR", help="take the files from a folder"
    )
    command.set_defaults(run=models.models)

    _add_record_commands(commands, data)
    _add_transcribe(commands)
    return parser


def _add_record_commands(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    data: argparse.ArgumentParser,
) -> None:
    command = commands.add_parser("sessions", parents=[data], help="list interviews")
    command.set_defaults(run=records.sessions)

    command = commands.add_parser("invite", parents=[data], help="make a link for one person")
    command.add_argument("session", metavar="SESSION", help="its id, or '*' for an operator of all")
    command.add_argument("--seat", choices=SEATS, metavar="S", help=", ".join(SEATS))
    command.add_argument(
        "--role", choices=[str(role) for role in Role], metavar="R", help=", ".join(Role)
    )
    command.add_argument("--name", help="the person's name, shown in the room")
    command.add_argument(
        "--expires", type=_duration, metavar="TIME", help="e.g. 30m, 12h, 7d (default: 7d)"
    )
    command.set_defaults(run=records.invite)

    command = commands.add_parser(
        "export", parents=[data], help="write an interview's record, or the sound that was kept"
    )
    command.add_argument("session", metavar="SESSION")
    command.add_argument(
        "--format",
        choices=[*map(str, Format), sound.FORMAT],
        default="text",
        help="default: text; ogg: a file for each microphone whose sound is kept",
    )
    command.add_argument(
        "--output", type=Path, metavar="FILE", help="default: standard output; ogg: a folder"
    )
    command.set_defaults(run=records.export)

    command = commands.add_parser(
        "import", parents=[data], help="take in what export --format journal wrote"
    )
    command.add_argument("file", metavar="FILE", help="'-': standard input")
    command.add_argument(
        "--session", metavar="ID", help="the interview's id (default: FILE is named ID.jsonl)"
    )
    command.set_defaults(run=importing.import_record)

    command = commands.add_parser("end", parents=[data], help="end an interview")
    command.add_argument("session", metavar="SESSION")
    command.set_defaults(run=records.end)

    command = commands.add_parser(
        "delete", parents=[data], help="erase an ended interview, or one person of it, for good"
    )
    command.add_argument("session", metavar="SESSION")
    command.add_argument("--seat", choices=SEATS, metavar="S", help="only this seat's person")
    command.add_argument("--yes", action="store_true", help="do not ask")
    command.set_defaults(run=records.delete)


def _add_transcribe(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    command = commands.add_parser("transcribe", help="write down a recording")
    command.add_argument("file", type=Path, metavar="FILE")
    command.add_argument(
        "--format",
        choices=FORMATS,
        default="text",
        help="default: text; rttm: only who speaks when",
    )
    command.add_argument("--output", type=Path, metavar="FILE", help="default: standard output")
    command.add_argument(
        "--speakers",
        type=voices.party,
        metavar="N+M",
        help="tell speakers apart: at most N interviewers and M applicants, e.g. 3+3",
    )
    command.add_argument(
        "--enrol",
        type=voices.reading,
        action="append",
        default=[],
        metavar="SEAT=FILE",
        help=f"about 8 s of one person's voice, e.g. {SEATS[0]}=one.wav; as often as needed",
    )
    command.add_argument(
        "--no-final-pass",
        action="store_true",
        help="write each line at once, without telling speakers apart once more at the end",
    )
    command.set_defaults(run=transcribe.transcribe)


def _port(text: str) -> int:
    try:
        return port_number(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no port; 0 to 65535") from None


def _duration(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        duration_s = float(number) * units[unit]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no duration like 30m, 12h or 7d") from None
    if not 0 < duration_s <= 366 * 86400:
        raise argparse.ArgumentTypeError("a link lives between a second and a year")
    return duration_s
