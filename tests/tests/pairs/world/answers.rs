//! The answers of the server application.

use smtp_tests::{Dice, Question};

/// The answer of the server application to a question. The reply to MAIL and RCPT names the path, in LMTP that to the message
/// the recipient.
pub(super) fn words(dice: &mut Dice, question: Question, subject: &str, calm: bool) -> String {
    let refusal = dice.pick(&["550 5.7.1", "451 4.3.0", "554 5.7.0"]);
    let severe = !calm && dice.one_in(40);
    match question {
        Question::Connect if severe => "reject 554 5.7.0 not you".to_owned(),
        Question::Auth if severe => "reject AUTH_FAILURE".to_owned(),
        Question::Hello if severe => format!("reject {refusal} not by this name"),
        Question::Connect | Question::Hello | Question::Auth => String::new(),
        _ if severe => "reject 421 4.3.0 enough".to_owned(),
        Question::Mail if dice.one_in(12) => format!("reject {refusal} not from {subject}"),
        Question::Mail => format!("accept from {subject}"),
        Question::Recipient if dice.one_in(4) => format!("reject {refusal} not to {subject}"),
        Question::Recipient => format!("accept to {subject}"),
        Question::Verdict if dice.one_in(5) => format!("reject {refusal} number {subject} refused"),
        Question::Verdict => format!("accept number {subject} stored"),
        _ if dice.one_in(12) => format!("reject {refusal} not now"),
        _ => String::new(),
    }
}
