//! Places: real ones with their coordinates, and coordinates near a point.

use super::floats::{degrees, pair};
use super::lists::list;
use super::{Resolved, Site};

pub(super) const NAMES: &[&str] = &["coordinate", "latlng", "local_latlng", "location_on_land"];

/// Cities with latitude, longitude, name, country and time zone: all capitals and large towns of some countries, with the
/// coordinates of their centres in Wikidata (CC0).
const PLACES: &str = include_str!("data/places.txt");

pub(super) fn resolve(site: &Site<'_>) -> Resolved {
    let arguments = &site.arguments;
    match site.name {
        "latlng" => pair(site),
        "coordinate" => {
            let radius = arguments.number("radius")?.unwrap_or(0.001);
            match arguments.number("center")? {
                None => degrees(site, -180.0, 180.0),
                Some(center) if radius >= 0.0 && center.abs() <= 1e6 && radius <= 1e6 => {
                    degrees(site, center - radius, center + radius)
                }
                Some(_) => {
                    Err(arguments.wrong("radius", "`radius` cannot be negative, nor the point that far away"))
                }
            }
        }
        name => {
            site.refuse_unique("there are few places; use `fake.unique.coordinate()`")?;
            let country = match name {
                "local_latlng" => Some(arguments.text("country_code")?.unwrap_or("US")),
                _ => None,
            };
            let only = arguments.boolean("coords_only")?.unwrap_or(false);
            let lines = || PLACES.lines().filter(|line| !line.starts_with("//"));
            let places: Vec<Vec<&'static str>> = lines()
                .map(|line| line.split('|').collect::<Vec<_>>())
                .filter(|place| country.is_none_or(|country| place.get(3) == Some(&country)))
                .collect();
            if places.is_empty() {
                let mut countries: Vec<&str> = lines().filter_map(|line| line.split('|').nth(3)).collect();
                countries.sort_unstable();
                countries.dedup();
                let message = format!("no place of the country \"{}\" is known", country.unwrap_or_default());
                return Err(arguments.error(
                    "country_code",
                    message,
                    format!("there are {}", countries.join(", ")),
                ));
            }
            Ok(list(site, 20, move |draws, list| {
                let place = &places[draws.below(places.len() as u64) as usize];
                for part in place.iter().take(if only { 2 } else { 5 }) {
                    list.text.push_str(part);
                    list.next();
                }
            }))
        }
    }
}
