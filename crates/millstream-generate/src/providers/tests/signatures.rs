//! Names and parameters are Faker's.

use std::collections::BTreeSet;

use super::super::{names, refused, signatures};
use super::{argument, try_provider};
use millstream_expr::Constant;

#[test]
fn every_provider_of_faker_is_here_or_is_refused_with_a_hint() {
    let here: BTreeSet<String> = names().iter().map(|name| name["fake.".len()..].to_owned()).collect();
    for name in signatures::all().keys() {
        let is_refused = refused::names().any(|refused| refused == *name);
        assert!(
            here.contains(*name) != is_refused,
            "{name}: here {}, refused {is_refused}",
            here.contains(*name)
        );
        if is_refused {
            let error = try_provider(name, "en_US", &[]).err().unwrap();
            assert!(error.message.contains(name) && error.hint.is_some_and(|hint| !hint.is_empty()));
        }
    }
    for name in here {
        assert!(signatures::find(&name).is_some(), "{name} is none of Faker's");
    }
}

#[test]
fn every_parameter_is_known_and_none_is_ignored() {
    for name in names() {
        let name = &name["fake.".len()..];
        for parameter in &signatures::find(name).unwrap().parameters {
            // None is as good as nothing; a list of lists is nothing that any of them takes.
            let accepted = try_provider(name, "en_US", &[argument(Some(parameter), Constant::None)]);
            assert!(matches!(accepted, Ok(Some(_))), "{name}({parameter}=None)");
            let odd = Constant::List(vec![Constant::List(vec![Constant::Float(0.5)])]);
            if name != "random_element" && !name.starts_with("random_") {
                let refused = try_provider(name, "en_US", &[argument(Some(parameter), odd)]);
                let error =
                    refused.err().unwrap_or_else(|| panic!("{name}({parameter}=[[0.5]]) is accepted"));
                assert_eq!(error.argument, Some(0), "{name}({parameter}): {}", error.message);
            }
        }
    }
}
