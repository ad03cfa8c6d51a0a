//! A DNS as a table: `NAME TYPE DATA [secure]`, or a fault in place of the data. `STS` is the policy of a domain: its mode and
//! patterns.

use super::*;

#[derive(Clone, Debug)]
pub(super) struct Dns(Vec<Record>);

#[derive(Clone, Debug)]
struct Record {
    owner: String,
    kind: String,
    data: String,
    security: Security,
}

impl Dns {
    pub(super) fn new(table: &str) -> Self {
        let lines = table.lines().map(str::trim).filter(|line| !line.is_empty());
        Self(lines.map(Record::new).collect())
    }

    pub(super) fn answer(&self, question: &Question) -> Answer {
        match question {
            Question::Sts(domain) => self.policy(domain),
            Question::Cname(name) => match self.records(name.as_str(), "CNAME").next() {
                Some(record) => record.fault().unwrap_or(Answer::Cname {
                    security: record.security,
                }),
                None => self.denial(name.as_str(), Security::Insecure),
            },
            _ => self.follow(question),
        }
    }

    /// Follows aliases, as a resolver does.
    fn follow(&self, question: &Question) -> Answer {
        let mut aliases = Aliases::new(name(&question.owner()));
        loop {
            let end = aliases.end().clone();
            let found: Vec<_> = self.records(end.as_str(), question.record_type()).collect();
            if let Some(fault) = found.iter().find_map(|record| record.fault()) {
                return fault;
            }
            if let Some(record) = found.first() {
                let security = aliases.whole(record.security);
                return answer(question, end.clone(), &found, security);
            }
            let Some(alias) = self.records(end.as_str(), "CNAME").next() else {
                return self.denial(end.as_str(), aliases.whole(Security::Secure));
            };
            if aliases.follow(name(&alias.data), alias.security).is_err() {
                return Answer::Failed(DnsFault::Unavailable);
            }
        }
    }

    /// There is no such record. The denial is secure if a record of the name is.
    fn denial(&self, owner: &str, chain: Security) -> Answer {
        let mut others = self
            .0
            .iter()
            .filter(|record| record.owner == owner && record.kind != "STS");
        let (denied, security) = match others.next() {
            Some(other) => (Denied::Type, other.security),
            None => (Denied::Name, Security::Insecure),
        };
        Answer::None {
            denied,
            security: security.min(chain),
        }
    }

    fn policy(&self, domain: &Name) -> Answer {
        let (mut policy, mut fault) = (None, None);
        for record in self.records(domain.as_str(), "STS") {
            match record.data.split_once(' ').unwrap_or((&record.data, "")) {
                ("fetch-error", _) => fault = Some(PolicyFault::Fetch),
                ("invalid", _) => fault = Some(PolicyFault::Invalid),
                ("webpki", _) => fault = Some(PolicyFault::WebPki),
                (mode, patterns) => {
                    let mx: String = patterns.split(' ').map(|mx| std::format!("mx: {mx}\n")).collect();
                    let file = std::format!("version: STSv1\nmode: {mode}\n{mx}max_age: 86400\n");
                    policy = Some(parse_policy(file.as_bytes()).unwrap());
                }
            }
        }
        Answer::Sts { policy, fault }
    }

    fn records<'d>(&'d self, owner: &'d str, kind: &'d str) -> impl Iterator<Item = &'d Record> {
        let is = move |record: &&Record| record.owner == owner && record.kind == kind;
        self.0.iter().filter(is)
    }
}

impl Record {
    fn new(line: &str) -> Self {
        let (line, security) = match line.strip_suffix(" secure") {
            Some(line) => (line, Security::Secure),
            None => (line, Security::Insecure),
        };
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap().to_string();
        Self {
            owner: word().to_ascii_lowercase(),
            kind: word(),
            data: word(),
            security,
        }
    }

    fn fault(&self) -> Option<Answer> {
        match self.data.as_str() {
            "SERVFAIL" => Some(Answer::Failed(DnsFault::Unavailable)),
            "BOGUS" => Some(Answer::Failed(DnsFault::Bogus)),
            "NXDOMAIN" => Some(Answer::None {
                denied: Denied::Name,
                security: self.security,
            }),
            "NODATA" => Some(Answer::None {
                denied: Denied::Type,
                security: self.security,
            }),
            _ => None,
        }
    }
}

fn answer(question: &Question, name: Name, found: &[&Record], security: Security) -> Answer {
    let data = found.iter().map(|record| record.data.as_str());
    match question {
        Question::Mx(_) => {
            let mx = |data: &str| {
                let (preference, exchange) = data.split_once(' ').unwrap();
                Mx::new(preference.parse().unwrap(), exchange)
            };
            Answer::Mx {
                name,
                records: data.map(mx).collect(),
                security,
            }
        }
        Question::Addresses(..) => Answer::Addresses {
            name,
            addresses: data.map(ip).collect(),
            security,
        },
        Question::Tlsa { .. } => {
            // A dot stands for a digest of the right length.
            let digest = "ab".repeat(32);
            let tlsa = |data: &str| data.replace('.', &digest).parse().unwrap();
            Answer::Tlsa {
                records: data.map(tlsa).collect(),
                security,
            }
        }
        Question::Cname(_) | Question::Sts(_) => unreachable!("answered before"),
    }
}
