"""Personal data in what portals print: phone and identity numbers, private mail, names beside 填报人, accounts.

The archive keeps them, as received. The public copy (archive.public) shows a mark in their place.
"""

import re

MARK = "〔已隐去〕"
IN_ADDRESS = "withheld"

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_ROLE = (
    "(?:(?:填报|填表|联系|经办|负责|审核|审签|制表|统计|报送|签发|承办|撰稿|录入|申请|投诉|举报)人|"
    "责任编辑|信息员|联络员|编辑|校对|姓名)"
)
_NEXT = "联系|电话|手机|传真|审核|填报|填表|单位|日期|负责|制表|校对|地址|邮箱|身份"
_NAME = rf"[{_HAN}]{{1,8}}(?:·[{_HAN}]{{1,8}}){{1,3}}|[{_HAN}](?:[ \u3000]?[{_HAN}]){{1,3}}?(?=$|[^{_HAN}]|{_NEXT})"
_GAP = r"[ \t\u3000]"
_LED = rf"{_ROLE}(?:[（(][^（）()\n]{{0,10}}[）)])?(?:{_GAP}{{0,9}}[:：]{_GAP}{{0,9}}|{_GAP}{{1,9}})"
_NAMED = re.compile(rf"({_LED})(?:{_NAME})", re.MULTILINE)
_CALLED = re.compile(
    r"((?:电话|手机|传真|热线|联系方式|Tel|TEL|QQ|微信)[号码]{0,2}[^\d\n]{0,6})(?:\d(?:[-— ]?\d){4,15})"
)
_MOBILE = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d|\.\d)")
_LANDLINE = re.compile(r"(?<!\d)[（(]?0\d{2,3}[）)]?[-— ]{0,2}\d{7,8}(?:[-—转]\d{1,6})?(?!\d)")
_IDENTITY = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?![0-9A-Za-z])"
)
_MAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}[@＠](?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,10}")
_ACCOUNT = re.compile(
    r"([\\/](?:Users|Documents and Settings|home|Tencent Files|WeChat Files)[\\/])[^\\/\s\"'<>?#]{1,64}", re.IGNORECASE
)
_USERINFO = re.compile(r"(?<![a-z])([a-z]{2,8}://)[^/@\s]{1,200}@", re.IGNORECASE)
_SESSION = re.compile(
    r"([?&;](?:[\w.-]{0,30}?(?:session_?id|sessid|token|ticket|openid|user_?(?:name|id)?|account|login|phone|mobile|tel"
    r"|id_?card|sfz\w{0,4}|qq|e?mail|uid|sid|psw|pwd|password))=)[^&;#?\"\s]{1,500}",
    re.IGNORECASE,
)


def masked(text: str) -> str:
    """A text without personal data."""
    text = _SESSION.sub(rf"\g<1>{IN_ADDRESS}", _USERINFO.sub(r"\g<1>", text))
    text = _MAIL.sub(lambda m: m[0] if m[0].lower().endswith(".gov.cn") else MARK, text)
    text = _IDENTITY.sub(MARK, text)
    text = _CALLED.sub(rf"\g<1>{MARK}", text)
    for pattern in (_MOBILE, _LANDLINE):
        text = pattern.sub(MARK, text)
    text = _ACCOUNT.sub(rf"\g<1>{MARK}", text)
    return _NAMED.sub(rf"\g<1>{MARK}", text)


def masked_address(url: str) -> str:
    """An address without accounts and sessions; with any it leads nowhere, and no longer tells whose it was."""
    url = _SESSION.sub(rf"\g<1>{IN_ADDRESS}", _USERINFO.sub(r"\g<1>", url))
    url = _ACCOUNT.sub(rf"\g<1>{IN_ADDRESS}", url)
    return _MAIL.sub(IN_ADDRESS, url)


def is_about_people(label: str) -> bool:
    """Whether what stands beside a label is personal by what the label says: 填报人, 联系电话."""
    return bool(re.search(rf"{_ROLE}|电话|手机|身份证|邮箱", label))
