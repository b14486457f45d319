//! The word lists taken from the `fake` crate: only those that are whole and in the right language.
//!
//! Its constants fall back to English without a word where a locale does not say otherwise, so each is named here.

use fake::locales::{Data, EN, FR_FR, IT_IT, JA_JP, NL_NL, PT_BR, ZH_CN};

/// Entries that are cut short, doubled or misspelt in their lists.
const BROKEN: &[&str] = &["Citt", "Panam", "Saint-Barth", "D\"ávila"];

/// The words of a section that no data file holds.
pub(super) fn words(locale: &str, section: &str) -> Option<Vec<&'static str>> {
    let list = match (locale, section) {
        ("fr_FR", "last_name") => FR_FR::NAME_LAST_NAME,
        ("nl_NL", "last_name") => NL_NL::NAME_LAST_NAME,
        ("pt_BR", "last_name") => PT_BR::NAME_LAST_NAME,
        ("ja_JP", "last_name") => JA_JP::NAME_LAST_NAME,
        ("zh_CN", "last_name") => ZH_CN::NAME_LAST_NAME,
        ("en_US", "state") => EN::ADDRESS_STATE,
        ("fr_FR", "country") => FR_FR::ADDRESS_COUNTRY,
        ("it_IT", "country") => IT_IT::ADDRESS_COUNTRY,
        ("zh_CN", "country") => ZH_CN::ADDRESS_COUNTRY,
        ("en_US" | "en_GB", "country") => EN::ADDRESS_COUNTRY,
        ("zh_CN", "word") => {
            // Its longer entries are proverbs and slogans.
            return Some(clean(ZH_CN::LOREM_WORD.iter().filter(|word| word.chars().count() == 2)));
        }
        (_, "country_code") => EN::ADDRESS_COUNTRY_CODE,
        (_, "timezone") => EN::ADDRESS_TIME_ZONE,
        (_, "word") => EN::LOREM_WORD,
        (_, "buzzword_head") => EN::COMPANY_BUZZWORD_HEAD,
        (_, "buzzword_middle") => EN::COMPANY_BUZZWORD_MIDDLE,
        (_, "buzzword_tail") => EN::COMPANY_BUZZWORD_TAIL,
        (_, "bs_verb") => EN::COMPANY_BS_VERBS,
        (_, "bs_adjective") => EN::COMPANY_BS_ADJ,
        (_, "bs_noun") => EN::COMPANY_BS_NOUNS,
        _ => return None,
    };
    Some(clean(list.iter()))
}

/// The words once each, in their order.
fn clean<'w>(words: impl Iterator<Item = &'w &'static str>) -> Vec<&'static str> {
    let mut seen = std::collections::HashSet::new();
    words.copied().filter(|word| !BROKEN.contains(word) && seen.insert(*word)).collect()
}
