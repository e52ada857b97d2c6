"""The data set described to machines: schema.org/Dataset for search engines, Croissant for programs that load data."""

from collections.abc import Iterable, Mapping
from typing import Any

from archive import csvs, dictionary
from archive.about import LICENCE, About
from archive.downloads import Download

Described = dict[str, Any]

_RAW = "nianbao-raw.zip"
_DESCRIPTION = (
    "中国各区政府《政府信息公开工作年度报告》规定统计表的逐格数字，附出处与核对发现。空白不是 0，数字从不更正。"
    " / Every printed cell of the prescribed tables in Chinese district governments' annual reports on open "
    "government information, with its source and with what checks found. A blank is not 0; no figure is ever "
    "corrected."
)
_TYPES = {"text": "sc:Text", "integer": "sc:Integer", "number": "sc:Float"}
# As the specification has it: https://docs.mlcommons.org/croissant/docs/croissant-spec.html
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def dataset(found: About, span: Mapping[str, Any], site: str, files: Iterable[Download]) -> Described:
    """schema.org/Dataset."""
    described = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "name": found.title,
        "alternateName": "nianbao",
        "description": _DESCRIPTION,
        "url": f"{site}/data",
        "license": LICENCE["path"],
        "isAccessibleForFree": True,
        "inLanguage": "zh-CN",
        "creator": {"@type": "Organization", "name": "nianbao", "url": site},
        "spatialCoverage": {"@type": "Country", "name": "China"},
        "keywords": ["政府信息公开", "年度报告", "open government information", "freedom of information", "China"],
        "distribution": [
            {
                "@type": "DataDownload",
                "name": one.what,
                "encodingFormat": "application/zip",
                "contentSize": f"{one.bytes} B",
                "contentUrl": f"{site}/downloads/{one.name}",
                "sha256": one.sha256,
            }
            for one in files
        ],
    }
    described |= {"dateModified": found.captured} if found.captured != "—" else {}
    return described | ({"temporalCoverage": f"{span['first']}/{span['last']}"} if span["first"] else {})


def croissant(found: About, site: str, files: Iterable[Download], cite: str) -> Described:
    """Each table of the raw CSV as a record set; none where that file has not been made."""
    raw = next((one for one in files if one.name == _RAW and one.sha256), None)
    tables = [(name, dictionary.columns_of(name)) for name in csvs.NAMES] if raw else []
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": "nianbao",
        "description": _DESCRIPTION,
        "url": f"{site}/data",
        "license": LICENCE["path"],
        "citeAs": cite,
        "version": "0.1.0",
        "datePublished": found.captured,
        "isLiveDataset": True,
        "creator": {"@type": "Organization", "name": "nianbao", "url": site},
        "distribution": [*([_archive(raw, site)] if raw else []), *(_file(name) for name, _ in tables)],
        "recordSet": [_records(name, columns) for name, columns in tables],
    }


def _archive(raw: Download, site: str) -> Described:
    return {
        "@type": "cr:FileObject",
        "@id": "raw",
        "name": raw.name,
        "contentUrl": f"{site}/downloads/{raw.name}",
        "contentSize": f"{raw.bytes} B",
        "encodingFormat": "application/zip",
        "sha256": raw.sha256,
    }


def _file(name: str) -> Described:
    return {
        "@type": "cr:FileObject",
        "@id": f"{name}.csv",
        "name": f"{name}.csv",
        "contentUrl": f"raw/{name}.csv",
        "containedIn": {"@id": "raw"},
        "encodingFormat": "text/csv",
    }


def _records(name: str, columns: Iterable[dictionary.Column]) -> Described:
    columns = list(columns)
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": dictionary.described(name),
        "key": [{"@id": f"{name}/{c.name}"} for c in columns if c.is_key],
        "field": [
            {
                "@type": "cr:Field",
                "@id": f"{name}/{c.name}",
                "name": c.name,
                "description": c.meaning.replace("`", ""),
                "dataType": _TYPES[c.type],
                "source": {"fileObject": {"@id": f"{name}.csv"}, "extract": {"column": c.name}},
            }
            for c in columns
        ],
    }
