//! Which region, industry, status a cell means: codes, and names in both languages as people write
//! them.

use hangtu_catalog::Catalog;
use std::collections::HashMap;

/// Names by what people write.
pub(super) struct Lookup {
    regions: HashMap<String, String>,
    industries: HashMap<String, String>,
}

/// Ends of the names of regions that people leave out; the longest first.
const ENDS: [&str; 9] = [
    "新疆生产建设兵团",
    "维吾尔自治区",
    "壮族自治区",
    "回族自治区",
    "生产建设兵团",
    "自治区",
    "兵团",
    "省",
    "市",
];

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect()
}

impl Lookup {
    pub(super) fn new(catalog: &Catalog) -> Self {
        let mut regions = HashMap::new();
        for region in &catalog.regions {
            let zh = plain(&region.name.zh);
            let short = ENDS.iter().find_map(|end| zh.strip_suffix(end).filter(|s| !s.is_empty()));
            let names = [region.code.clone(), plain(&region.name.en), zh.clone()];
            let short = short.map(str::to_owned);
            for name in names.into_iter().chain(short) {
                regions.entry(name).or_insert_with(|| region.code.clone());
            }
        }
        // The Corps is known by its last word.
        regions.entry("兵团".into()).or_insert_with(|| "660000".into());
        let mut industries = HashMap::new();
        for i in catalog.industries.iter().filter(|i| i.section.is_some()) {
            for name in [i.code.clone(), plain(&i.name.zh), plain(&i.name.en)] {
                industries.entry(name).or_insert_with(|| i.code.clone());
            }
        }
        Self { regions, industries }
    }

    /// The code of a region.
    pub(super) fn region(&self, text: &str) -> Option<&str> {
        let text = plain(text);
        if let Some(code) = self.regions.get(&text) {
            return Some(code);
        }
        // A county's or city's code: of its planned city, else of its province.
        if text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()) {
            let four = self.regions.get(&format!("{}00", &text[..4]));
            return four
                .or_else(|| self.regions.get(&format!("{}0000", &text[..2])))
                .map(String::as_str);
        }
        None
    }

    /// The division of an industry: its code, with its section's letter or more digits, or its name.
    pub(super) fn industry(&self, text: &str) -> Option<&str> {
        let text = plain(text);
        if let Some(code) = self.industries.get(&text) {
            return Some(code);
        }
        let digits = text.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let number = text.len() - digits.len() <= 1
            && (2..=4).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit());
        if number {
            return self.industries.get(&digits[..2]).map(String::as_str);
        }
        // "34 通用设备制造业"
        let head: String = text.chars().take(2).collect();
        let rest: String = text.chars().skip(2).collect();
        let code = self.industries.get(&head)?;
        (self.industries.get(&rest) == Some(code)).then_some(code.as_str())
    }
}

/// `yes`, `no` and what people write for it.
pub(super) fn yes(text: &str) -> Option<bool> {
    match plain(text).as_str() {
        "是" | "y" | "yes" | "true" | "1" | "√" | "规上" | "对" => Some(true),
        "否" | "n" | "no" | "false" | "0" | "×" | "x" | "规下" | "不是" => Some(false),
        _ => None,
    }
}

/// A status by its word or as people write it.
pub(super) fn status(text: &str) -> Option<&'static str> {
    match plain(text).as_str() {
        "" | "active" | "在营" | "存续" | "正常" | "开业" | "inoperation" => Some("active"),
        "merged" | "合并" | "已合并" | "被合并" => Some("merged"),
        "split" | "分立" | "已分立" | "splitup" => Some("split"),
        "closed" | "注销" | "已注销" | "吊销" | "关闭" => Some("closed"),
        _ => None,
    }
}

/// Yuan out of a number with thousands apart, in a unit.
pub(super) fn yuan(text: &str, unit: i64) -> Option<i64> {
    let text: String =
        text.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '，')).collect();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 15 || !digits(whole) || !digits(part) || part.len() > 12 {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let scale = 10i128.pow(part.len() as u32);
    let part: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let yuan = (whole * scale + part) * i128::from(unit) / scale;
    i64::try_from(yuan).ok().filter(|y| *y <= MOST)
}

/// 100 trillion yuan: nobody earns more in a year.
const MOST: i64 = 100_000_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_names_and_codes_in_many_ways() {
        let lookup = Lookup::new(&Catalog::embedded().unwrap());
        for (text, code) in [
            ("湖北省", "420000"),
            ("湖北", "420000"),
            ("Hubei", "420000"),
            ("420100", "420000"),
            ("深圳", "440300"),
            ("440305", "440300"),
            ("广西", "450000"),
            ("新疆", "650000"),
            ("新疆生产建设兵团", "660000"),
            ("兵团", "660000"),
            ("内蒙古", "150000"),
        ] {
            assert_eq!(lookup.region(text), Some(code), "{text}");
        }
        assert_eq!(lookup.region("Atlantis"), None);
        for text in ["34", "C34", "c3411", "34 通用设备制造业", "通用设备制造业"] {
            assert_eq!(lookup.industry(text), Some("34"), "{text}");
        }
        assert_eq!(lookup.industry("99"), None);
        assert_eq!(yuan("1,234.56", 10_000), Some(12_345_600));
        assert_eq!(yuan("3.5", 100_000_000), Some(350_000_000));
        for bad in ["-1", "", "1e9", "999999999999999", "٣"] {
            assert_eq!(yuan(bad, 10_000), None, "{bad}");
        }
    }
}
