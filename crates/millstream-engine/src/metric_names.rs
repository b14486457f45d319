//! What each metric means.

/// Name, unit and meaning of every metric that the engine makes.
pub const METRICS: &[(&str, &str)] = &[
    ("millstream_source_rows_total", "Rows read or made by a source, rejected ones included"),
    ("millstream_source_bytes_total", "Bytes of input read by a source, after decompression"),
    ("millstream_source_rejected_rows_total", "Rows that did not decode"),
    ("millstream_source_decode_microseconds_total", "Time that workers spent decoding or making rows"),
    ("millstream_source_wait_microseconds_total", "Time spent waiting for a source"),
    ("millstream_operator_input_rows_total", "Rows into an operator"),
    ("millstream_operator_output_rows_total", "Rows out of an operator"),
    ("millstream_operator_filtered_rows_total", "Rows that an operator left out on purpose"),
    ("millstream_operator_rejected_rows_total", "Rows on which an operator failed"),
    ("millstream_operator_microseconds_total", "Time that an operator took"),
    ("millstream_sink_rows_total", "Rows written to a sink"),
    ("millstream_sink_committed_rows_total", "Rows that a sink made visible"),
    ("millstream_sink_bytes_total", "Bytes written to a sink"),
    ("millstream_sink_rejected_rows_total", "Rows that a sink refused"),
    ("millstream_sink_encode_microseconds_total", "Time that workers spent encoding for a sink"),
    ("millstream_sink_write_microseconds_total", "Time that a sink spent writing"),
    ("millstream_sink_wait_microseconds_total", "Time that a sink waited for rows"),
    ("millstream_sink_commit_microseconds_total", "Time that a sink spent preparing and committing"),
    ("millstream_skipped_rows_total", "Rejected rows that `on_error: skip` left behind"),
    ("millstream_retries_total", "Calls that were repeated after an error"),
    ("millstream_epochs_total", "Epochs committed by this process"),
    ("millstream_epoch", "The number of the last committed epoch"),
    ("millstream_paused_producers", "Producers that wait for a slow consumer now"),
    ("millstream_edge_depth_rows", "Rows waiting on an edge now"),
    ("millstream_edge_dropped_rows_total", "Rows that the policy of an edge dropped, by reason"),
];

/// Tells the metrics recorder what each metric means.
pub(crate) fn describe() {
    for &(name, meaning) in METRICS {
        if name.ends_with("_total") {
            metrics::describe_counter!(name, meaning);
        } else {
            metrics::describe_gauge!(name, meaning);
        }
    }
}
