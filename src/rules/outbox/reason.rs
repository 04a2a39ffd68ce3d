//! Why an item of the outbox waits for a person, or was given up, where no other rule says it.

use crate::rules::decision::Rule;

/// A consent was withdrawn, or consultation opposed, after the item was handed over.
pub static CONSENT_WITHDRAWN: Rule = Rule {
    id: "OUTBOX-CONSENT",
    source: "CSP R.1111-46, L.1111-19",
    sentence: "Le patient est revenu sur ce qu'il avait accepté après que cet envoi a été confié : rien n'a été envoyé depuis.",
};

/// What it depends on was given up.
pub static PREDECESSOR: Rule = Rule {
    id: "OUTBOX-PREDECESSOR",
    source: "dmpkit",
    sentence: "Le document dont dépend cet envoi ne sera pas déposé : l'envoi a été abandonné.",
};

/// Its identifier is another document's.
pub static IDENTIFIER_TAKEN: Rule = Rule {
    id: "OUTBOX-IDENTIFIER",
    source: "ITI TF-3 4.2.4, XDSDuplicateUniqueIdInRegistry",
    sentence: "Un autre document porte déjà cet identifiant dans le DMP : celui-ci n'a pas été déposé. Donnez-lui un nouvel identifiant.",
};

/// Other bytes wait under the same identifier.
pub static OTHER_CONTENT: Rule = Rule {
    id: "OUTBOX-OTHER-CONTENT",
    source: "dmpkit",
    sentence: "Un autre contenu a déjà été confié sous cet identifiant : donnez à ce document un nouvel identifiant.",
};

/// It failed again and again while the DMP answered.
pub static OFTEN_FAILED: Rule = Rule {
    id: "OUTBOX-ATTEMPTS",
    source: "dmpkit",
    sentence: "Cet envoi a échoué à plusieurs reprises alors que le DMP répondait : il n'est plus tenté sans vous.",
};

/// A lot of which the DMP has a part.
pub static PART_OF_LOT: Rule = Rule {
    id: "OUTBOX-PARTIAL",
    source: "TD2.1",
    sentence: "Une partie seulement de ce lot se trouve dans le DMP : vérifiez-y les documents, puis redéposez séparément ceux qui manquent.",
};

/// A person gave it up.
pub static GIVEN_UP: Rule = Rule {
    id: "OUTBOX-GIVEN-UP",
    source: "dmpkit",
    sentence: "Cet envoi a été abandonné à la demande d'une personne du cabinet.",
};

/// Of a register that was salvaged, a part of it is missing.
pub static NOT_SALVAGED: Rule = Rule {
    id: "OUTBOX-NOT-SALVAGED",
    source: "dmpkit",
    sentence: "Cet envoi n'a pas pu être lu en entier dans l'ancien registre : vérifiez dans le DMP si le document s'y trouve, sinon confiez-le à nouveau depuis votre logiciel.",
};

/// A corrected document took its place.
pub static CORRECTED: Rule = Rule {
    id: "OUTBOX-CORRECTED",
    source: "dmpkit",
    sentence: "Un document corrigé a pris la place de celui-ci.",
};

/// Nothing of that number for this person.
pub static UNKNOWN_ITEM: Rule = Rule {
    id: "OUTBOX-UNKNOWN",
    source: "dmpkit",
    sentence: "Aucun envoi de ce numéro ne vous appartient.",
};

/// What was asked cannot be done in the item's state.
pub static NOT_NOW: Rule = Rule {
    id: "OUTBOX-STATE",
    source: "dmpkit",
    sentence: "Cet envoi n'est pas dans un état qui le permet : actualisez la liste.",
};

/// A fault on this machine.
pub static FAULT: Rule = Rule {
    id: "OUTBOX-FAULT",
    source: "dmpkit",
    sentence: "L'envoi a rencontré une erreur sur ce poste : il sera tenté à nouveau ; si elle persiste, contactez l'éditeur de votre logiciel.",
};
