"""Names of people, by culture, each with the form that is used in an email address."""
# ruff: noqa: RUF001, E501 - other alphabets look like Latin and are wider; the names need them

from __future__ import annotations

from itertools import product
from typing import NamedTuple


class PersonName(NamedTuple):
    """A full name, the given name that colleagues use, and the local part of the email address."""

    full: str
    given: str
    handle: str


# Given names, then family names; the Latin form follows after a slash if it differs from the name.
_GIVEN_FIRST = {
    "english": (
        "Grace Oliver Zoë/zoe Marcus Hannah Theo Ruby Callum",
        "Whitfield O’Hara/ohara Brooks Ashworth Delaney Finch Macleod Pryce",
    ),
    "spanish": (
        "Lucía/lucia Mateo Inés/ines Joaquín/joaquin Valeria Diego Ximena Andrés/andres",
        "García/garcia Núñez/nunez Rojas Fuentes Peña/pena Salazar Ibáñez/ibanez Vega",
    ),
    "french": (
        "Chloé/chloe Étienne/etienne Margaux Rémi/remi Anaïs/anais Loïc/loic Solène/solene Bastien",
        "Lefèvre/lefevre Moreau Girard Dubois Marchand Perrin Chevalier Noël/noel",
    ),
    "german": (
        "Jürgen/juergen Annika Lukas Käthe/kaethe Moritz Frieda Sören/soeren Heike",
        "Müller/mueller Schäfer/schaefer Vogt Weiß/weiss Krämer/kraemer Brandt Lindner Böhm/boehm",
    ),
    "polish": (
        "Zofia Łukasz/lukasz Agnieszka Paweł/pawel Małgorzata/malgorzata Stanisław/stanislaw Ewa Michał/michal",
        "Wójcik/wojcik Lewandowska Kamińska/kaminska Zając/zajac Mazur Dąbrowska/dabrowska Sikora Król/krol",
    ),
    "west_african": (
        "Amina Kwame Adaeze Olumide Fatou Chidi Abena Sékou/sekou",
        "Diallo Mensah Okafor Adeyemi Ndiaye Boateng Traoré/traore Eze",
    ),
    "arabic": (
        "ليلى/layla عمر/omar نور/nour يوسف/yousef مريم/maryam خالد/khaled سلمى/salma طارق/tareq",
        "حداد/haddad منصور/mansour الخطيب/alkhatib نجار/najjar شاهين/shaheen درويش/darwish قاسم/qasem زيدان/zidan",
    ),
    "hebrew": (
        "נועה/noa איתי/itai תמר/tamar יונתן/yonatan שירה/shira אורי/uri מאיה/maya דניאל/daniel",
        "לוי/levi כהן/cohen פרץ/peretz אלון/alon ברק/barak שפירא/shapira גולן/golan מזרחי/mizrahi",
    ),
    "turkish": (
        "Elif Çağrı/cagri Ayşe/ayse Emre Gülşen/gulsen Barış/baris İpek/ipek Onur",
        "Yılmaz/yilmaz Öztürk/ozturk Şahin/sahin Demir Aydın/aydin Koç/koc Çelik/celik Arslan",
    ),
    "indian": (
        "अनन्या/ananya Rohan प्रिया/priya Arjun Kavya विक्रम/vikram Meera Sanjay",
        "शर्मा/sharma Iyer पटेल/patel Reddy Banerjee सिंह/singh Nair Kulkarni",
    ),
}
_FAMILY_FIRST = {
    "japanese": (
        "美咲/misaki 翔太/shota さくら/sakura 健一/kenichi 陽菜/hina 大輔/daisuke 結衣/yui 直樹/naoki",
        "佐藤/sato 鈴木/suzuki 高橋/takahashi 渡辺/watanabe 小林/kobayashi 中村/nakamura 山口/yamaguchi 林/hayashi",
    ),
    "korean": (
        "서연/seoyeon 민준/minjun 지우/jiwoo 도윤/doyun 하은/haeun 준호/junho 수빈/subin 예준/yejun",
        "김/kim 이/lee 박/park 최/choi 정/jung 강/kang 조/cho 윤/yoon",
    ),
    "chinese": (
        "伟/wei 芳/fang 静/jing 磊/lei 敏/min 洋/yang 丽/li 强/qiang",
        "王/wang 李/li 张/zhang 刘/liu 陈/chen 杨/yang 赵/zhao 黄/huang",
    ),
}


def _names(given: str, family: str, template: str) -> list[PersonName]:
    pairs = product(map(_forms, given.split()), map(_forms, family.split()))
    return [
        PersonName(template.format(given=first, family=last), first, f"{latin_first}.{latin_last}")
        for (first, latin_first), (last, latin_last) in pairs
    ]


def _forms(word: str) -> tuple[str, str]:
    written, _, latin = word.partition("/")
    return written, latin or written.lower()


NAMES: dict[str, list[PersonName]] = {
    **{culture: _names(*words, "{given} {family}") for culture, words in _GIVEN_FIRST.items()},
    **{culture: _names(*words, "{family} {given}") for culture, words in _FAMILY_FIRST.items()},
}

# Given to one person of a hostile world, to test how other software handles names.
HOSTILE = PersonName("Robert'); drop table messages;-- <b>Tables</b>", "Bobby", "bobby.tables")
