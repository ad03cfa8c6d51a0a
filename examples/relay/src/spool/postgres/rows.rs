//! Values of the spool as columns, and back.

use smtp_proto::types::{
    Body, ByMode, Envelope, ForwardPath, MailParameters, Notify, RcptParameters, Ret, ReversePath,
};
use tokio_postgres::{Error, Row};

use crate::spool::{Ending, Facts, Head, Heard, Id, Last, Progress, State};

/// A row of `spool.message` without its content.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: String,
    accepted: i64,
    reverse_path: String,
    parameters: String,
    size: i64,
    octets: i64,
    eight_bit: bool,
    utf8_header: bool,
    tls_optional: bool,
}

/// A row of `spool.delivery`.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) message: String,
    n: i32,
    next_hop: String,
    recipient: String,
    parameters: String,
    due: i64,
    attempts: i32,
    ending: Option<i16>,
    noticed: bool,
    last_at: Option<i64>,
    last_status: Option<String>,
    last_reply: Option<String>,
    heard_host: Option<String>,
    heard_reply: Option<String>,
    owed: Option<String>,
}

/// A message and the states of its recipients.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stored {
    pub(super) head: Head,
    pub(super) facts: Facts,
    pub(super) states: Vec<State>,
}

/// The rows of a message do not make a message.
#[derive(Clone, Debug, thiserror::Error)]
#[error("damaged: {0}")]
pub(super) struct Damaged(String);

/// The columns of a new message that other programs may want to read. This one reads the parameters as they were received.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct MailColumns {
    pub(super) envid: Option<String>,
    pub(super) ret: Option<i16>,
    pub(super) body: Option<i16>,
    pub(super) deliver_by: Option<i64>,
    pub(super) by_mode: Option<&'static str>,
    pub(super) priority: i16,
}

/// The columns of new deliveries: an array for each.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliveryColumns {
    pub(super) next_hop: Vec<String>,
    pub(super) recipient: Vec<String>,
    pub(super) orcpt: Vec<Option<String>>,
    pub(super) notify: Vec<Option<i16>>,
    pub(super) parameters: Vec<String>,
}

/// The columns of results: an array for each.
#[derive(Clone, Debug, Default)]
pub(super) struct ResultColumns {
    pub(super) n: Vec<i32>,
    pub(super) due: Vec<i64>,
    pub(super) attempts: Vec<i32>,
    pub(super) ending: Vec<Option<i16>>,
    pub(super) noticed: Vec<bool>,
    pub(super) last_at: Vec<Option<i64>>,
    pub(super) last_status: Vec<Option<String>>,
    pub(super) last_reply: Vec<Option<String>>,
    pub(super) heard_host: Vec<Option<String>>,
    pub(super) heard_reply: Vec<Option<String>>,
    pub(super) owed: Vec<Option<String>>,
}

/// The UUID of an id (RFC 9562 section 5.7, version 7): its time, and its random digits beside version and variant.
pub(super) fn uuid(id: &Id) -> String {
    let (time, random) = id.as_str().split_at(TIME);
    let (first, random) = random.split_at(3);
    let (second, third) = random.split_at(3);
    let (high, low) = time.split_at(8);
    format!("{high}-{low}-7{first}-8{second}-{third}00")
}

/// The id of a UUID. `None` if it is of another kind.
pub(super) fn id(uuid: &str) -> Option<Id> {
    let digits: String = uuid.split('-').collect();
    let id = [digits.get(..12)?, digits.get(13..16)?, digits.get(17..30)?]
        .concat()
        .parse()
        .ok()?;
    (self::uuid(&id) == uuid).then_some(id)
}

/// Digits of an id that are its time.
const TIME: usize = 12;

/// The UUID of a lease: a process, and a number.
pub(super) fn lease(process: i64, number: u64) -> String {
    let all = (u128::from(process.cast_unsigned()) << 64) | u128::from(number);
    let digits = format!("{all:032x}");
    let mut text = String::with_capacity(36);
    for (index, digit) in digits.chars().enumerate() {
        if matches!(index, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

/// The number of a lease.
pub(super) fn lease_number(uuid: &str) -> Option<u64> {
    let digits: String = uuid.split('-').collect();
    u64::from_str_radix(digits.get(16..32)?, 16).ok()
}

impl MailColumns {
    pub(super) fn of(head: &Head) -> Self {
        let parameters = head.envelope.parameters();
        let by = parameters.deliver_by();
        Self {
            envid: parameters.envelope_id().map(|id| id.decode().into_owned()),
            ret: parameters.ret().map(|ret| i16::from(ret == Ret::Full)),
            body: parameters.body().and_then(|body| match body {
                Body::SevenBit => Some(0),
                Body::EightBitMime => Some(1),
                Body::BinaryMime => Some(2),
                _ => None,
            }),
            deliver_by: by.map(|by| millis(head.accepted).saturating_add(i64::from(by.seconds()) * 1000)),
            by_mode: by.map(|by| match by.mode() {
                ByMode::Notify => "N",
                ByMode::Return => "R",
            }),
            priority: parameters
                .priority()
                .map_or(0, |priority| i16::from(priority.get())),
        }
    }
}

impl DeliveryColumns {
    pub(super) fn of(head: &Head) -> Self {
        let mut columns = Self::default();
        for (recipient, next_hop) in head.envelope.recipients().iter().zip(&head.next_hops) {
            let parameters = recipient.parameters();
            columns.next_hop.push(next_hop.clone());
            columns
                .recipient
                .push(recipient.forward_path().as_str().to_owned());
            columns.orcpt.push(
                parameters
                    .original_recipient()
                    .map(|original| original.as_str().to_owned()),
            );
            columns.notify.push(parameters.notify().map(bits));
            columns.parameters.push(parameters.to_string());
        }
        columns
    }
}

impl ResultColumns {
    pub(super) fn of(results: &[Progress]) -> Self {
        let mut columns = Self::default();
        for Progress { n, state } in results {
            let (last, heard) = (state.last.as_ref(), state.heard.as_ref());
            columns.n.push(i32::try_from(*n).unwrap_or(i32::MAX));
            columns.due.push(millis(state.due));
            columns
                .attempts
                .push(i32::try_from(state.attempts).unwrap_or(i32::MAX));
            columns.ending.push(state.ending.map(|ending| match ending {
                Ending::Delivered => 1,
                Ending::Failed => 2,
            }));
            columns.noticed.push(state.noticed);
            columns.last_at.push(last.map(|last| millis(last.at)));
            columns.last_status.push(last.map(|last| text(&last.status)));
            columns.last_reply.push(last.map(|last| text(&last.text)));
            columns.heard_host.push(heard.map(|heard| text(&heard.host)));
            columns.heard_reply.push(heard.map(|heard| text(&heard.reply)));
            columns.owed.push(state.owed.as_deref().map(text));
        }
        columns
    }
}

impl Message {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            id: row.try_get(0)?,
            accepted: row.try_get(1)?,
            reverse_path: row.try_get(2)?,
            parameters: row.try_get(3)?,
            size: row.try_get(4)?,
            octets: row.try_get(5)?,
            eight_bit: row.try_get(6)?,
            utf8_header: row.try_get(7)?,
            tls_optional: row.try_get(8)?,
        })
    }

    /// Joins a message and its deliveries, which are in the order of the envelope.
    pub(super) fn with(self, deliveries: Vec<Delivery>) -> Result<Stored, Damaged> {
        let id = id(&self.id).ok_or_else(|| damaged("the id is of another kind"))?;
        let path = ReversePath::parse(&self.reverse_path).map_err(damaged)?;
        let parameters = MailParameters::parse(&self.parameters).map_err(damaged)?;
        let mut envelope = Envelope::new(path).with_parameters(parameters);
        let mut next_hops = Vec::new();
        let mut states = Vec::new();
        for (n, delivery) in deliveries.into_iter().enumerate() {
            if usize::try_from(delivery.n) != Ok(n) {
                return Err(damaged("a recipient is missing"));
            }
            let recipient = ForwardPath::parse(&delivery.recipient).map_err(damaged)?;
            let parameters = RcptParameters::parse(&delivery.parameters).map_err(damaged)?;
            envelope = envelope.recipient_with(recipient, parameters);
            states.push(delivery.state()?);
            next_hops.push(delivery.next_hop);
        }
        Ok(Stored {
            head: Head {
                id,
                accepted: unsigned(self.accepted),
                envelope,
                next_hops,
            },
            facts: Facts {
                octets: unsigned(self.octets),
                size: unsigned(self.size),
                eight_bit: self.eight_bit,
                utf8_header: self.utf8_header,
                tls_optional: self.tls_optional,
            },
            states,
        })
    }
}

impl Delivery {
    pub(super) fn read(row: &Row) -> Result<Self, Error> {
        Ok(Self {
            message: row.try_get(0)?,
            n: row.try_get(1)?,
            next_hop: row.try_get(2)?,
            recipient: row.try_get(3)?,
            parameters: row.try_get(4)?,
            due: row.try_get(5)?,
            attempts: row.try_get(6)?,
            ending: row.try_get(7)?,
            noticed: row.try_get(8)?,
            last_at: row.try_get(9)?,
            last_status: row.try_get(10)?,
            last_reply: row.try_get(11)?,
            heard_host: row.try_get(12)?,
            heard_reply: row.try_get(13)?,
            owed: row.try_get(14)?,
        })
    }

    fn state(&self) -> Result<State, Damaged> {
        let ending = match self.ending {
            None => None,
            Some(1) => Some(Ending::Delivered),
            Some(2) => Some(Ending::Failed),
            Some(_) => return Err(damaged("a recipient has an unknown end")),
        };
        Ok(State {
            due: unsigned(self.due),
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            ending,
            noticed: self.noticed,
            owed: self.owed.clone(),
            last: self.last_at.map(|at| Last {
                at: unsigned(at),
                status: self.last_status.clone().unwrap_or_default(),
                text: self.last_reply.clone().unwrap_or_default(),
            }),
            heard: self.heard_host.clone().map(|host| Heard {
                host,
                reply: self.heard_reply.clone().unwrap_or_default(),
            }),
        })
    }
}

fn damaged(why: impl ToString) -> Damaged {
    Damaged(why.to_string())
}

/// A text without NUL, which PostgreSQL cannot store.
fn text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The end of the times that PostgreSQL can store and the driver can calculate with: the year 9999.
const LAST: i64 = 253_402_300_799_000;

fn millis(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(LAST).min(LAST)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// The number of a set of events.
fn bits(notify: Notify) -> i16 {
    let events = [(Notify::SUCCESS, 1), (Notify::FAILURE, 2), (Notify::DELAY, 4)];
    let set = events.iter().filter(|(event, _)| notify.contains(*event));
    set.map(|(_, bit)| bit).sum()
}

#[cfg(test)]
mod tests;
