"""What the words in names, unique ids and translation keys of meters mean.

Each table is matched against text in the form that `normalized` gives. A word that ends with `*` is a stem; `_`
joins the words of a phrase. The words come from the integrations of Home Assistant, which are English, and from
the languages of those who name entities by hand; a word that no table has means nothing and does no harm.
"""

import re
from typing import Final
import unicodedata

_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NUMBERED: Final = re.compile(r"(?<=[a-z]{3})(?=\d)")
_SEPARATORS: Final = re.compile(r"[\W_]+")


def normalized(text: str) -> str:
    """Return text as `_lower_case_words_`, without accents, `EnergyTotal1` taken apart; `_` for nothing."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", _CAMEL.sub("_", text))
        if not unicodedata.combining(character)
    )
    words = _SEPARATORS.sub("_", _NUMBERED.sub("_", plain.casefold())).strip("_")
    return f"_{words}_" if words else "_"


def _words(words: str) -> re.Pattern[str]:
    """Return what finds any of the words, which blanks separate."""
    return re.compile(f"_(?:{'|'.join(words.replace('*', '[^_]*').split())})(?=_)")


BATTERY: Final = _words("batter* batt bat storage accu akku* cell starter soc")
CHARGE: Final = _words("charg*")
DISCHARGE: Final = _words("discharg*")
DIRECT_CURRENT: Final = _words(r"dc mppt* string* tracker* pv_?\d")
NO_ELECTRICITY: Final = _words("heat(?!_pump) therm* gas")
NO_PHASE_CURRENT: Final = _words("neutral* n pen residual leakage differential")
AVERAGE_LINE_VOLTAGE: Final = _words("ll line_to_line phase_to_phase pen")

STATISTICS: Final = _words("""
    average* avg mean max maximum maximal* min minimum minimal* highest lowest peak_demand peak_power
    power_peak limit* threshold* fuse rated nominal target set_?point capacity sag* swell* harmonic* thd
    factor
""")
"""Figures about the quantity that are not the quantity itself."""

OTHER_TIMES: Final = _words("""
    forecast* estimat* predict* expected remaining tomorrow yesterday gestern hier ayer ieri ontem
    gisteren previous session interval minutes? hour hourly quarter* (?:last|next)_(?:hour|day|week|month|year)
""")
"""What was, will be, or lasts too short."""

INNER_FLOW: Final = _words("""
    self_?consum* autoconsum* autoconsomm* eigenverbrauch* zelfverbruik saved cost* price*
    to_(?:ac|inverter|home|house|load|battery)* (?:grid|solar|pv|battery)_to
""")
"""What goes from one part of the building to another."""

NET: Final = _words("net combined balance saldo")
"""Energy that falls by design."""

DEMOTED: Final = _words("demand plus minus raw fundamental ln resettable partial services")
"""The poorer of two figures for the same thing."""

TOTAL: Final = _words("total* lifetime sum summe gesamt* totaal suma somma soma overall")

IMPORT: Final = _words("""
    import* consum* used usage purchas* forward positive plus drawn draw absorbed energy_in from_grid bezug*
    bezogen* netzbezug* verbrauch* entnahme verbruik* afname afgenomen consomm* soutir* preliev* preleva*
""")
EXPORT: Final = _words("""
    export* return* ret produc* generat* feed_?in fed inject* injec* injet* sold reverse* negative minus
    yield supplied energy_out to_grid summation_received electricity_delivered_tariff electricity_delivery
    einspeis* eingespeis* netzeinspeis* ruckspeis* ruckliefer* lieferung erzeug* ertrag teruglever* teruggelever*
    opgewekt* opwek* immess* immission* prodott* vertid* exced* gerad*
""")
DELIVERED: Final = _words("deliver*")
"""Import as a supplier sees it, export as a home does: its counterpart tells."""

PERIODS: Final = (
    _words("year* annual* jahr* annee anno ano jaar*"),
    _words("month* monat* mois mensual* mensile mensal mes mese maand*"),
    _words("week* woche* semaine semana* settiman*"),
    _words("""
        day* daily today* tag tages* taglich* heute jour* aujourd_hui dia diari* hoy giorn* oggi hoje dag*
        vandaag
    """),
)  # fmt: skip
"""Counters that start again: the longer the period, the better."""

_TARIFFS: Final = (
    "tarif", "tariff", "tarief", "tarifa", "tariffa", "tier",
    "rate", "t", "electricity", "delivered", "returned", "used",
)  # fmt: skip
TARIFFS: Final = (
    re.compile(f"_(?:{'|'.join(_TARIFFS)})_?" + r"(\d)(?=_)"),
    re.compile(
        r"_(low|high|normal|night|off_?peak|peak|ht|nt|hc|hp|laag|hoog|normaal|dal|valley|flat"
        r"|nacht|nuit|noche|notte|noite)(?=_)"
    ),
)
NIGHT_TARIFF: Final = _words("night nacht nuit noche notte noite")
DAY_TARIFF: Final = _words("day tag dag jour dia giorno")
DAY: Final = "day"
"""The tariff, where there is one of the night too; else it is a counter's period."""

SOLAR: Final = _words("solar* pv photovolt* pvinverter yield")
LOAD: Final = _words("loads? home house building backup eps off_?grid* critical*")
GRID: Final = _words("grid mains pcc utility site purchas* feed_?in sold")
OUTPUT: Final = _words(r"(?:output|ac_out)(?!_?\d)")
INPUT: Final = _words(r"(?:input|ac_in)(?!_?\d)")

LINE_PAIR: Final = (
    re.compile(r"_l_?([123])_?(?:to_|and_)?l_?([123])(?=_)"),
    re.compile(r"_l([123])_?([123])(?=_)"),
    re.compile(r"_(?:phases?|line|ph)_?([123])_?(?:to_)?(?:(?:phase|line|ph)_?)?([123])(?=_)"),
    re.compile(r"_(?:phases?|line|ph)_([abc])_?(?:to_)?(?:(?:phase|line|ph)_)?([abc])(?=_)"),
    re.compile(r"_(?:[uv]|voltages?|spannung|tension|tensione|tensao|spanning)_?([123])_?([123])(?=_)"),
    re.compile(r"_(?!ac)([abc])([abc])_$"),
)
"""Two phases, which a voltage lies between."""

_PHASES: Final = (
    "phase", "fase", "faza", "faze", "vaihe", "fas",
    "ph", "line", "linie", "ligne", "linea", "linha", "lijn",
)  # fmt: skip
PHASE: Final = (
    re.compile(r"_l(\d\d?)_?n?(?=_)"),
    re.compile(f"_(?:{'|'.join(_PHASES)})_?l?_?([123])(?=_)"),
    re.compile(f"_(?:{'|'.join(_PHASES)})_([abcrst]|one|two|three)(?=_)"),
    re.compile(r"_phase([abcrst])(?=_)"),
    re.compile(r"_([abcrst])_phase(?=_)"),
    re.compile(r"_([abc])n_$"),
)
"""One phase."""

SEPARATE: Final = (
    "em1", "em1data", "energy_meter", "input", "output", "outlet", "socket",
    "plug", "switch", "relay", "port", "pm1", "circuit", "branch", "breaker",
)  # fmt: skip
"""What is counted by these words measures something of its own each, even where there are three."""

_CHANNELS: Final = ("channel", "chan", "ch", "ct", "clamp", "emeter", *SEPARATE)
CHANNEL: Final = re.compile(f"_({'|'.join(_CHANNELS)})_?" + r"(\d\d?|[a-f])(?=_)")

LETTER: Final = re.compile(r"_([abc])(?=_)")
NUMBER: Final = re.compile(r"_(\d\d?)_$")
"""Perhaps a phase, where all three are there."""

COUNTED: Final = frozenset((*_PHASES, *_CHANNELS, *_TARIFFS))
"""Words that mean nothing without the number behind them."""

PHASE_NUMBERS: Final = {
    "a": 1,
    "b": 2,
    "c": 3,
    "d": 4,
    "e": 5,
    "f": 6,
    "r": 1,
    "s": 2,
    "t": 3,
    "one": 1,
    "two": 2,
    "three": 3,
}
