//! What inference makes of whole files.

use arrow::datatypes::{DataType, TimeUnit};
use millstream_formats::csv::{CsvFormat, CsvReadOptions};
use millstream_formats::text::TextFormat;
use proptest::prelude::*;

use crate::reader;

fn types(options: CsvReadOptions, file: &str) -> (Vec<DataType>, String) {
    let (format, origin) = CsvFormat::infer(options, file.as_bytes(), true).unwrap();
    (format.schema().fields().iter().map(|field| field.data_type().clone()).collect(), origin)
}

#[test]
fn flights() {
    let file = "year,dep_time,dep_delay,carrier,air_time,distance,time_hour,zip,ok,day\n\
        2013,517,2,UA,227,1400.5,2013-01-01T10:00:00Z,02139,TRUE,2013-01-01\n\
        2013,NA,NA,UA,NA,1416,2013-01-01T10:00:00Z,10001,false,2013-01-02\n\
        bad row\n";
    let options = CsvReadOptions { null_values: vec!["NA".to_owned()], ..CsvReadOptions::default() };
    let (types, origin) = types(options, file);
    use DataType::{Boolean, Date32, Float64, Int64, Timestamp, Utf8};
    let zoned = Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    assert_eq!(types, [Int64, Int64, Int64, Utf8, Int64, Float64, zoned, Utf8, Boolean, Date32]);
    assert_eq!(origin, "inferred from 3 rows");
}

#[test]
fn declared_and_inferred_columns_side_by_side() {
    let options = CsvReadOptions {
        columns: Some(vec![("b".to_owned(), DataType::Utf8)]),
        sample_rows: 2,
        ..CsvReadOptions::default()
    };
    let (types, origin) = types(options, "a,b,c\n1,2,3\n4,5,6\nx,y,z\n");
    assert_eq!(types, [DataType::Int64, DataType::Utf8, DataType::Int64]);
    assert_eq!(origin, "1 declared, 2 inferred from 2 rows");
}

proptest! {
    /// Whatever was in the sample fits the types that were inferred from it.
    #[test]
    fn the_sample_always_fits(values in proptest::collection::vec(
        prop_oneof![
            "-?[0-9]{1,20}", "-?[0-9]{1,4}\\.[0-9]{0,3}", "[0-9]{4}-[01][0-9]-[0-3][0-9]", "(true|False|nan|inf|-inf)",
            "20[0-9]{2}-0[1-9]-1[0-9][T ][0-2][0-9]:[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,7})?)?(Z|\\+01:00)?",
            "[+-]?0?[0-9](e[0-9]{1,3})?", "", "\"\"", "[a-z]{1,3}",
        ],
        1..6,
    )) {
        let file = format!("c,d\n{},x\n", values.join(",x\n"));
        let (format, _) = CsvFormat::infer(CsvReadOptions::default(), file.as_bytes(), true).unwrap();
        let content = reader::whole(&format, file.as_bytes());
        prop_assert_eq!(content.batch.num_rows(), values.len(), "{} {:?} {:?}", file, format.schema(), content.rejected);
    }
}
