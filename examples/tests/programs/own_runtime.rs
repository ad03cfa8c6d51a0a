//! The example `own_runtime`. The scenarios of the project run on its runtime, too.

#[path = "../../own_runtime/main.rs"]
mod example;

#[test]
fn a_message_goes_through_starttls() {
    example::main().unwrap();
}
