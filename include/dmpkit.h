/*
 * dmpkit.h: the DMP (dossier médical partagé) in your software.
 *
 * EIGHT RULES
 *
 * 1. Every function that can fail returns a status; 0 (DMP_OK) is success; treat unknown codes as failure.
 * 2. Outputs are always written: NULL or 0 on failure. One exception: a refusal (200 to 399, 500 to 699)
 *    that has a reason for a person writes record refusal where the answer would be; free it like an answer.
 * 3. What you receive through an output pointer you free with dmp_free; NULL is fine. Handles are closed
 *    with their own close function instead.
 * 4. Text is NUL-terminated UTF-8, paths too, on Windows too.
 * 5. Inputs are copied before the call returns.
 * 6. Any thread may call; calls on one connector run one at a time, dmp_connector_cancel apart; open a
 *    second connector on the same files for parallel work.
 * 7. Callbacks run on the calling thread, must not call back in, dmp_connector_cancel apart, must not throw,
 *    and must live until they are replaced or close returns.
 * 8. Never open our files with another SQLite in the same process; never unload the library.
 *
 * RECORDS. What is not a scalar or the bytes of a document crosses as JSON text. Each function names its
 * records; their JSON Schemas stand in include/schema, one file a record. Input records refuse unknown
 * and duplicate fields; output records may grow.
 *
 * HANDLES are tickets: a handle that was closed twice, is stale, forged, or of another kind is answered
 * with DMP_BAD_HANDLE. Handles may be closed in any order.
 *
 * ERRORS. error receives one English line that names the field and the rule and holds no patient data;
 * pass NULL if you do not want it. What a person reads is in record refusal: "sentence", "facts" and
 * "remedies", in French, with stable codes.
 *
 * Made by cbindgen from src/ffi: do not edit.
 */

#ifndef DMPKIT_H
#define DMPKIT_H

#include <stddef.h>
#include <stdint.h>

/* Version of the library this header belongs to. */
#define DMPKIT_VERSION "0.1.0"
#define DMPKIT_VERSION_MAJOR 0
#define DMPKIT_VERSION_MINOR 1
#define DMPKIT_VERSION_PATCH 0

// Success.
#define DMP_OK 0

// A pointer that is required is NULL.
#define DMP_NULL_ARGUMENT 101

// A text is not UTF-8.
#define DMP_INVALID_UTF8 102

// A record is not the JSON its schema asks: malformed, unknown, missing or duplicate field.
#define DMP_INVALID_RECORD 103

// A value breaks a rule; the error text names the field and the rule.
#define DMP_INVALID_VALUE 104

// The handle is NULL, closed, of another kind, or not one of ours.
#define DMP_BAD_HANDLE 105

// The connector of this session or access was closed.
#define DMP_CLOSED 106

// The bytes are not a CDA document that can be read.
#define DMP_UNREADABLE 201

// The document was read; its findings forbid the deposit.
#define DMP_FINDINGS 202

// The document is larger than can be accepted.
#define DMP_TOO_LARGE 203

// The content received does not have the hash or size announced.
#define DMP_INTEGRITY 204

// The rules refuse, before the network.
#define DMP_REFUSED 301

// The DMP refuses; its own code is in the record.
#define DMP_REFUSED_BY_DMP 302

// No such document for this person: absent and hidden are one answer.
#define DMP_UNKNOWN_DOCUMENT 303

// The access is over: closed, or its time has passed.
#define DMP_ACCESS_OVER 304

// The file cannot be opened.
#define DMP_CANNOT_OPEN 401

// The file is not ours, or not one that the key given, or none, opens: one answer for both.
#define DMP_NOT_OURS 402

// The file was written by a newer version; it was left untouched.
#define DMP_NEWER 403

// The file or folder is read-only.
#define DMP_READ_ONLY 404

// The disk is full.
#define DMP_DISK_FULL 405

// Others held the file too long, of this process or of another: try again.
#define DMP_BUSY 406

// The file is damaged: restore a backup (dmp_register_restore), or have what can still be read written out
// (dmp_register_salvage).
#define DMP_CORRUPT 407

// The file cannot be read or written.
#define DMP_IO 408

// A file of that name is there already; nothing was overwritten.
#define DMP_EXISTS 409

// The DMP could not be reached, or the connection was cut. The answer holds a record refusal that says whether
// anything was sent, as for the codes 502 to 505.
#define DMP_NETWORK 501

// The DMP did not answer in time.
#define DMP_TIMED_OUT 502

// The call was cancelled by dmp_connector_cancel.
#define DMP_CANCELLED 503

// The other end is not the DMP: its certificate is not accepted.
#define DMP_NOT_TRUSTED 504

// Something answered that is not a DMP's answer.
#define DMP_UNEXPECTED_ANSWER 505

// A card, a certificate or a PIN stands in the way. The answer holds a record refusal that says what to do.
#define DMP_KEY 601

// A fault of this library; please report it.
#define DMP_BUG 901

// A panic was caught; the handle is unusable from now on.
#define DMP_PANIC 902

// The version of the interface this header describes: it changes when something is added, and its
// thousands when something is removed or changes meaning.
#define DMP_ABI_VERSION 1

// A kind of key: 32 random bytes that the host keeps (the system's store of secrets, a card).
#define DMP_KEY_RAW 1

// A kind of key: a passphrase, the bytes of its UTF-8 without NUL. Each opening of a file derives the key
// from it, which takes 230 to 420 ms.
#define DMP_KEY_PASSPHRASE 2

// A patient's dossier, open in a mode.
typedef struct dmp_access dmp_access;

// A practice's connector: its register and its DMP.
typedef struct dmp_connector dmp_connector;

// A professional, or a structure, at work.
typedef struct dmp_session dmp_session;

// Receives log lines. level: 0 information, 1 warning, 2 error. line: English, without patient data,
// valid for the call. Runs on the thread of the call it speaks of.
typedef void (*dmp_log_callback)(void *user, int32_t level, const char *line);

// Asks a person for a PIN or a passphrase. user: as given to dmp_connector_set_secrets. request: record
// secret-request, valid for the call. buffer: where to write the secret, UTF-8, ended by NUL. capacity:
// the bytes of buffer, NUL included: 1024. Return DMP_OK when the secret was written; anything else, or an
// empty text, says that the person gave none, and the call ends with DMP_KEY. The buffer is wiped when the
// secret was used; the secret is not kept, but what it opened is: a file is asked for once a connector, a
// card again after it was taken out. Runs on the thread of the call that needs it, may take as long as a
// person does, and must not call back in. Only in libraries built with the feature national.
typedef int32_t (*dmp_secret_callback)(void *user,
                                       const char *request,
                                       char *buffer,
                                       size_t capacity);

// Signs with a key that the host holds: RSASSA-PKCS1-v1_5, with the digest that the request names. user:
// as given to dmp_connector_set_signer. request: record sign-request, valid for the call. message,
// message_len: what to sign, the message itself and not its digest; it may name a patient: do not keep it.
// signature, capacity: where to write the signature, and the bytes there: 2048. signature_len: receives
// how many were written, as many as the key has. Return DMP_OK when they were; anything else ends the call
// with DMP_KEY, and so does a signature that the certificate does not verify. Runs on the thread of the
// call that needs it, several times a call, and must not call back in. Only in libraries built with the
// feature national.
typedef int32_t (*dmp_sign_callback)(void *user,
                                     const char *request,
                                     const uint8_t *message,
                                     size_t message_len,
                                     uint8_t *signature,
                                     size_t capacity,
                                     size_t *signature_len);

// Takes the next part of an answer, within a dmp_transport_callback alone. answer: as the callback was given
// it. bytes: record http-answer at first, whole and without NUL; at each further call a part of the body, of
// any size, in order. len: the bytes of the part, which is copied. Returns DMP_OK; DMP_CANCELLED after
// dmp_connector_cancel; DMP_UNEXPECTED_ANSWER for what is no answer, or exceeds the limits of the
// configuration. Anything but DMP_OK means: stop, and return that code.
typedef int32_t (*dmp_answer_writer)(void *answer, const uint8_t *bytes, size_t len);

// Sends one request over the host's own HTTPS and gives its answer to write. user: as given to
// dmp_connector_set_transport. request: record http-request, valid for the call. body, body_len: its body,
// whole; it holds patient data. write, answer: where the answer goes, see dmp_answer_writer. Add Host and
// Content-Length, take the client certificate that the request names, trust the DMP's roots alone, and
// follow no redirect; an answer of any status is an answer. Return DMP_OK when it was written whole;
// DMP_NETWORK when nothing was sent; DMP_NOT_TRUSTED when the server's certificate is not accepted;
// DMP_KEY when the client certificate is not, or has no key here; DMP_TIMED_OUT, DMP_CANCELLED,
// DMP_UNEXPECTED_ANSWER (no HTTP), or any other code for a failure after something may have been sent.
// Time-outs are the host's. Runs on the thread of the call that needs it, and must not call back in. Only
// in libraries built with the feature national.
typedef int32_t (*dmp_transport_callback)(void *user,
                                          const char *request,
                                          const uint8_t *body,
                                          size_t body_len,
                                          dmp_answer_writer write,
                                          void *answer);

// Told how a dispatch goes, after each item. user: as given to dmp_outbox_dispatch. progress: record
// dispatch-progress, valid for the call. Return 0 to go on; anything else ends the dispatch here, and what was
// not yet taken waits for the next one. Runs on the thread that called dmp_outbox_dispatch, which holds nothing
// meanwhile: other threads' calls on the connector go on. It must not call back in.
typedef int32_t (*dmp_progress_callback)(void *user, const char *progress);

// Receives an export of the journal, piece by piece, in order. user: as given to dmp_journal_export. lines,
// lines_len: whole lines in UTF-8, each ended by a line feed, without NUL; some 32 KiB at a time, more when a line is
// longer; valid for the call. They name patients: keep them as you keep the register. Return DMP_OK to go on;
// anything else ends the export with DMP_IO. Runs on the thread of the call, and must not call back in.
typedef int32_t (*dmp_export_callback)(void *user, const uint8_t *lines, size_t lines_len);

// Told how far a backup is, after each 256 pages. user: as given to dmp_register_backup. done, total: pages.
// Runs on the thread of the call, and must not call back in.
typedef void (*dmp_backup_callback)(void *user, int64_t done, int64_t total);

// Told of each file of a take-over once it is settled. user: as given to dmp_takeover_run. progress: record
// takeover-progress, valid for the call; its lines name the path of a file that needs a person. Return 0 to
// go on, anything else to end after this file. Runs on the thread of the call, and must not call back in.
typedef int32_t (*dmp_takeover_callback)(void *user, const char *progress);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

// Frees what a function of this library gave through an output pointer. NULL is fine.
void dmp_free(void *pointer);

// The version of the library, such as "0.1.0", followed by what this build is without: "0.1.0 without
// encryption" refuses every key. Not to be freed.
const char *dmp_version(void);

// The version of the interface the library was built with; compare with DMP_ABI_VERSION.
int32_t dmp_abi_version(void);

// The name of a status code, "DMP_UNKNOWN_STATUS" for one this library does not know. Not to be freed.
const char *dmp_status_name(int32_t status);

// How many handles are open in this process, for tests: 0 when all were closed.
int64_t dmp_open_handles(void);

// Opens a connector. config: record config. The files it names are created when absent, in clear: to have them
// encrypted at rest, see dmp_connector_open_keyed.
int32_t dmp_connector_open(const char *config,
                           dmp_connector **out,
                           char **error);

// Closes a connector and its files. Its sessions and accesses answer DMP_CLOSED from then on; close
// them too, before or after.
int32_t dmp_connector_close(dmp_connector *connector, char **error);

// Sends the connector's log lines to a callback; NULL stops them.
int32_t dmp_connector_set_log(dmp_connector *connector,
                              dmp_log_callback callback,
                              void *user,
                              char **error);

// Moves the clock of a connector whose configuration has a clock. at: RFC 3339, such as
// "2026-01-31T08:00:00Z".
int32_t dmp_connector_set_time(dmp_connector *connector, const char *at, char **error);

// Removes the documents kept for reading without network whose term is over; all of them when the configuration has no
// member offline. Opening a connector does the same by the terms: call it once a day on one that stays open. out:
// record swept.
int32_t dmp_connector_sweep(dmp_connector *connector,
                            char **out,
                            char **error);

// Plays the patient or the CNAM on an embedded DMP, or on dmpkit's simulator. action: record holder-action.
// content: the CDA document of a deposit, NULL and 0 otherwise. out: record holder-answer.
int32_t dmp_holder_act(dmp_connector *connector,
                       const char *action,
                       const uint8_t *content,
                       size_t content_len,
                       char **out,
                       char **error);

// Asks this callback for the PIN of a card and for the passphrase of a file (PKCS#12, encrypted PEM) when
// they are needed; NULL gives none. Only on the national DMP, DMP_INVALID_VALUE otherwise. Only in
// libraries built with the feature national.
int32_t dmp_connector_set_secrets(dmp_connector *connector,
                                  dmp_secret_callback callback,
                                  void *user,
                                  char **error);

// Signs with this callback for the keys that record config leaves to the host (member host of a key); NULL
// signs nothing. Only on the national DMP, DMP_INVALID_VALUE otherwise. Only in libraries built with the
// feature national.
int32_t dmp_connector_set_signer(dmp_connector *connector,
                                 dmp_sign_callback callback,
                                 void *user,
                                 char **error);

// Sends through this callback instead of the built-in HTTPS client, for the TLS, the store of certificates
// and the proxy of the system; NULL goes back to the built-in one. Of member network of record config, the
// limits alone hold then. Only on the national DMP, DMP_INVALID_VALUE otherwise. Only in libraries built
// with the feature national.
int32_t dmp_connector_set_transport(dmp_connector *connector,
                                    dmp_transport_callback callback,
                                    void *user,
                                    char **error);

// Stops, from another thread, the call that is on its way to the DMP: within a tenth of a second it ends
// with DMP_CANCELLED, and its record refusal says whether the request may have arrived. Nothing happens
// when no call is on its way: the next one is not stopped. The one function that does not wait for the
// call in progress, and the one that a callback may call. What waits for a person (PIN) or in a callback
// is stopped when that returns; a dmp_transport_callback hears of it from its writer. Only in libraries
// built with the feature national.
int32_t dmp_connector_cancel(dmp_connector *connector,
                             char **error);

// What is known of the way to the DMP: the difference of clocks, the last answer. Sends nothing. Only on
// the national DMP, DMP_INVALID_VALUE otherwise. Only in libraries built with the feature national. out:
// record network-state.
int32_t dmp_connector_network(dmp_connector *connector,
                              char **out,
                              char **error);

// What the card in the reader says of its holder and of the structures where he works: what a session
// needs. Sends nothing; asks for the PIN when the card is not open yet. The card of the first key of
// member pkcs11 in record config; without one, DMP_KEY, as for a card that cannot be read. Only on the
// national DMP, DMP_INVALID_VALUE otherwise, as in a library built without the feature pkcs11. Only in
// libraries built with the feature national. out: record card.
int32_t dmp_connector_card(dmp_connector *connector,
                           char **out,
                           char **error);

// Opens a session. requester: record requester. refusal: record refusal, for those the law always refuses.
int32_t dmp_session_open(dmp_connector *connector,
                         const char *requester,
                         dmp_session **out,
                         char **refusal,
                         char **error);

// Closes a session. Accesses it opened stay open.
int32_t dmp_session_close(dmp_session *session, char **error);

// Registers a patient of the practice, or corrects him. patient: record patient. out: record done.
int32_t dmp_patient_register(dmp_session *session, const char *patient, char **out, char **error);

// A patient as the practice registered him. ins: record ins. out: record patient-answer.
int32_t dmp_patient_get(dmp_session *session, const char *ins, char **out, char **error);

// TD0.5: patients by traits, for a regulation centre. search: record patient-search. out: record
// candidates.
int32_t dmp_patient_find(dmp_session *session, const char *search, char **out, char **error);

// TD0.4: the dossiers on which this requester is authorised. query: record dossier-query, or NULL.
// out: record dossiers.
int32_t dmp_dossier_list(dmp_session *session, const char *query, char **out, char **error);

// Records a consent or an opposition with its proof. consent: record consent-request. out: record
// recorded, its number.
int32_t dmp_consent_record(dmp_session *session, const char *consent, char **out, char **error);

// Withdraws a consent or an opposition. revocation: record revocation-request. out: record done.
int32_t dmp_consent_revoke(dmp_session *session, const char *revocation, char **out, char **error);

// Every consent and opposition of a patient, with its proof. ins: record ins. out: record consents.
int32_t dmp_consent_list(dmp_session *session, const char *ins, char **out, char **error);

// Enters a patient's dossier: asks the DMP whether it exists (TD0.2), compares identities, says what may
// be done. With offline in the request the DMP is not asked: what it last said and what is kept answer. When the
// network fails and something is kept, the remedy open_offline says so. request: record access-request. state: record
// access-state.
int32_t dmp_access_open(dmp_session *session,
                        const char *request,
                        dmp_access **out,
                        char **state,
                        char **error);

// Closes an access. A bris de glace ends here, or by itself when its time has passed. Whatever the
// storage answers, the handle is closed.
int32_t dmp_access_close(dmp_access *access, char **error);

// The state of the access now: dossier, identity, banner of a bris de glace, advice for each right.
// out: record access-state.
int32_t dmp_access_state(dmp_access *access, char **out, char **error);

// Records that a person checked the identity and confirms it despite divergences. confirmation: record
// identity-confirmation. out: record done.
int32_t dmp_access_confirm_identity(dmp_access *access,
                                    const char *confirmation,
                                    char **out,
                                    char **error);

// TD0.3: the requester's own authorisation. request: record authorisation-request. out: record
// authorisation-answer, whether anything changed.
int32_t dmp_access_authorise(dmp_access *access, const char *request, char **out, char **error);

// TD1.3a: administrative data. out: record administrative-data.
int32_t dmp_access_administrative_data(dmp_access *access, char **out, char **error);

// TD1.6: professionals authorised and blocked. request: record professionals-request, or NULL for all.
// out: record professionals.
int32_t dmp_access_professionals(dmp_access *access,
                                 const char *request,
                                 char **out,
                                 char **error);

// TD0.9, TD0.10: the address of the DMP's own pages for this patient, null if it has none. out: record
// web-access.
int32_t dmp_access_web(dmp_access *access,
                       char **out,
                       char **error);

// Makes a CDA document of a file: PDF, text, RTF, JPEG or TIFF. context: record wrap-context. What it leaves
// out is taken from the access: patient, author, structure. document, document_len: the document, to be fed
// and kept. out: record wrap-answer. Keep its identifiers to replace the document one day.
int32_t dmp_document_wrap(dmp_access *access,
                          const uint8_t *content,
                          size_t content_len,
                          const char *context,
                          uint8_t **document,
                          size_t *document_len,
                          char **out,
                          char **error);

// Checks a CDA document for this patient, this session and these choices; nothing is sent. options: record
// feed-options, or NULL. out: record check-answer, with everything that is to be corrected.
int32_t dmp_document_check(dmp_access *access,
                           const uint8_t *content,
                           size_t content_len,
                           const char *options,
                           char **out,
                           char **error);

// Feeds one CDA document (TD2.1, or TD2.2 with a CPE). options: record feed-options, or NULL. out:
// record feed-answer.
int32_t dmp_document_feed(dmp_access *access,
                          const uint8_t *content,
                          size_t content_len,
                          const char *options,
                          char **out,
                          char **error);

// Checks a CDA document as dmp_document_feed does and keeps it for dmp_document_feed_staged. options:
// record feed-options, or NULL. out: record findings, advice on the document.
int32_t dmp_document_stage(dmp_access *access,
                           const uint8_t *content,
                           size_t content_len,
                           const char *options,
                           char **out,
                           char **error);

// Forgets what was staged. out: record unstaged, how many documents that were.
int32_t dmp_document_unstage(dmp_access *access, char **out, char **error);

// Feeds what was staged as one lot: all of it or nothing. What was staged stays when it fails. out:
// record feed-answer.
int32_t dmp_document_feed_staged(dmp_access *access, char **out, char **error);

// Finds documents (TD3.1), a page at a time; on an access opened offline, among those kept. criteria: record
// criteria, or NULL for all that is up to date. out: record find-answer.
int32_t dmp_document_find(dmp_access *access,
                          const char *criteria,
                          char **out,
                          char **error);

// The DMP's identifiers of documents, without anything clinical (TD3.1 by reference). request: record
// references-request. out: record references.
int32_t dmp_document_reference(dmp_access *access,
                               const char *request,
                               char **out,
                               char **error);

// What was deposited or changed since an instant. request: record news-request. out: record news-answer.
int32_t dmp_document_news(dmp_access *access,
                          const char *request,
                          char **out,
                          char **error);

// Fetches documents ahead and keeps them for reading without network, when the configuration has a member offline.
// To the DMP and to the patient it is reading: fetch what the visit needs. request: record preload-request, or NULL
// for the twenty most recent that are up to date. out: record preload-answer.
int32_t dmp_document_preload(dmp_access *access,
                             const char *request,
                             char **out,
                             char **error);

// Reads a document (TD3.2), or what is kept of it on an access opened offline. content, content_len: its bytes as
// they were deposited, hash and size checked. out: record read-answer, with the warnings to display.
int32_t dmp_document_read(dmp_access *access,
                          const char *unique_id,
                          uint8_t **content,
                          size_t *content_len,
                          char **out,
                          char **error);

// Reads a document (TD3.2) and renders it for a screen: a page (HTML), plain text, or the file it carries.
// request: record document-render-request. content, content_len: the form. out: record document-rendered,
// with what to tell the person first and the other forms. To keep a document, use dmp_document_read.
int32_t dmp_document_render(dmp_access *access,
                            const char *request,
                            uint8_t **content,
                            size_t *content_len,
                            char **out,
                            char **error);

// Masks a document to professionals (TD3.3a). out: record changed.
int32_t dmp_document_mask(dmp_access *access, const char *unique_id, char **out, char **error);

// Unmasks a document (TD3.3a). out: record changed.
int32_t dmp_document_unmask(dmp_access *access, const char *unique_id, char **out, char **error);

// Makes a document visible to the patient (TD3.3b). Irreversible: ask the person first. out: record
// changed.
int32_t dmp_document_show_patient(dmp_access *access,
                                  const char *unique_id,
                                  char **out,
                                  char **error);

// Makes a document visible to the legal representatives (TD3.3b). Irreversible: ask the person first.
// out: record changed.
int32_t dmp_document_show_representatives(dmp_access *access,
                                          const char *unique_id,
                                          char **out,
                                          char **error);

// Archives a document (TD3.3d). out: record changed.
int32_t dmp_document_archive(dmp_access *access, const char *unique_id, char **out, char **error);

// Brings an archived document back (TD3.3d). out: record changed.
int32_t dmp_document_unarchive(dmp_access *access, const char *unique_id, char **out, char **error);

// Deletes a document (TD3.3c): final. Ask the person first. out: record changed.
int32_t dmp_document_delete(dmp_access *access, const char *unique_id, char **out, char **error);

// Hands a CDA document over to the outbox: no network is needed, nor that the dossier was entered; the patient is
// registered. It is checked as dmp_document_feed checks it, but for what only the DMP knows; its identifiers are
// fixed; it is durable when this returns. dmp_outbox_dispatch sends it. Handing over the same bytes again gives
// the same item. request: record outbox-request. out: record queued. Keep its id beside the document.
int32_t dmp_outbox_add(dmp_session *session,
                       const char *request,
                       const uint8_t *content,
                       size_t content_len,
                       char **out,
                       char **error);

// Hands a change of a document over to the outbox: masking, showing, archiving, deleting. It goes after what is
// already in the outbox for that document. Showing and deleting are final: ask the person first. request: record
// outbox-change. out: record queued.
int32_t dmp_outbox_add_change(dmp_session *session,
                              const char *request,
                              char **out,
                              char **error);

// Hands over what dmp_document_stage kept, as one lot: in the DMP it will be all of it or nothing. Not in an
// emergency. out: record queued.
int32_t dmp_outbox_add_staged(dmp_access *access,
                              char **out,
                              char **error);

// What this professional handed over and what became of it, with the reason and what he can do about what waits for
// him. Items of colleagues are not there. filter: record outbox-filter, or NULL for all. out: record outbox.
int32_t dmp_outbox_list(dmp_session *session,
                        const char *filter,
                        char **out,
                        char **error);

// The whole outbox of the practice. For those who oversee, never for care: it names documents whatever their
// masking. filter: record outbox-filter, or NULL for all. out: record outbox.
int32_t dmp_outbox_audit(dmp_connector *connector,
                         const char *filter,
                         char **out,
                         char **error);

// One item of this professional's, with all that happened to it. A colleague's and one that never was are one
// refusal. request: record item-request. out: record outbox-item.
int32_t dmp_outbox_get(dmp_session *session,
                       const char *request,
                       char **out,
                       char **error);

// Gives an item up: it is not sent any more. What may have arrived already stays in the DMP: mayBeThere of the
// answer says so. Not while it is being sent. request: record item-request. out: record outbox-item.
int32_t dmp_outbox_give_up(dmp_session *session,
                           const char *request,
                           char **out,
                           char **error);

// Sends an item that waits for a person, or was given up, after all: at the next dispatch the DMP is asked whether
// it has it, and it is sent if not. request: record item-request. out: record outbox-item.
int32_t dmp_outbox_resend(dmp_session *session,
                          const char *request,
                          char **out,
                          char **error);

// Hands over a corrected document in the place of one that waits for a person, which is given up. request: record
// correction-request. content: the corrected CDA document. out: record queued.
int32_t dmp_outbox_correct(dmp_session *session,
                           const char *request,
                           const uint8_t *content,
                           size_t content_len,
                           char **out,
                           char **error);

// Hands over again what this professional had handed over in a register that was set aside by dmp_register_restore,
// or is damaged, and what had not ended there, from the file that dmp_register_salvage wrote of it: under the
// identifiers of then, by the rules of today, and the DMP is asked for each before it is sent. What is known here
// is passed over: call again once what stood in the way is mended. A colleague takes back his own. An item that is
// refused, or not whole in the file, is in the report with its reason; a file that holds another line than a
// salvage's is refused whole. request: record recover-request. With dryRun everything is done but the writing. out:
// record recover-report.
int32_t dmp_outbox_recover(dmp_session *session,
                           const char *request,
                           char **out,
                           char **error);

// The stop button: nothing more leaves, whatever process dispatches, until dmp_outbox_restart; what is on its way
// ends first. Handing over goes on. request: record stop-request. out: record stop-answer.
int32_t dmp_outbox_stop(dmp_session *session,
                        const char *request,
                        char **out,
                        char **error);

// Releases the stop button. request: record stop-request. out: record stop-answer.
int32_t dmp_outbox_restart(dmp_session *session, const char *request, char **out, char **error);

// Sends what is in the outbox, of every author, one item after the other, within the bounds of the request. The
// library starts no thread: call this from a thread or a timer of your own, when the practice opens, after a
// document was handed over, and then when member next of the answer says; next is absent when nothing is left that
// goes by itself. Use a connector of its own, opened on the same files: on the doctor's, a call of his waits until one
// item was sent, at most. Two threads or two processes may call at once: no item is sent twice. What may have arrived
// when the network was cut is asked for before it is sent again. What the DMP answers to an item is not an error of
// this call: it is in the item.
// Member ended says why the call came back: nothing_due, nothing may go now; bounds, maxItems or maxSeconds was
// reached, call again; dmp_unavailable, the DMP cannot be reached or asks to be left alone until next, and reason
// says it to a person; pace, the structure's deposits of this second are used up, on a clock that stands still;
// stopped, the stop button is pressed, call again once it is released; told, callback or dmp_connector_cancel
// ended it. request: record dispatch-request, or NULL for everything that may go. callback: told after each item,
// see dmp_progress_callback, or NULL; user is handed to it. out: record dispatch-answer. It counts the whole
// practice: for the program and for those who oversee.
int32_t dmp_outbox_dispatch(dmp_connector *connector,
                            const char *request,
                            dmp_progress_callback callback,
                            void *user,
                            char **out,
                            char **error);

// Checks a CDA document that the host holds, before anything is sent. request: record check-request, or NULL.
// out: record check-answer, with everything that is to be corrected; a document that cannot be read is a
// finding, not an error.
int32_t dmp_cda_check(dmp_connector *connector,
                      const uint8_t *content,
                      size_t content_len,
                      const char *request,
                      char **out,
                      char **error);

// Reads the header of a CDA document that the host holds, and nothing after it: to sort or to list
// documents. out: record metadata-answer.
int32_t dmp_cda_metadata(dmp_connector *connector,
                         const uint8_t *content,
                         size_t content_len,
                         char **out,
                         char **error);

// Makes a CDA document of a file: PDF, text, RTF, JPEG or TIFF. context: record wrap-context. document,
// document_len: the document. out: record wrap-answer. Keep its identifiers to replace the document one day.
int32_t dmp_cda_wrap(dmp_connector *connector,
                     const uint8_t *content,
                     size_t content_len,
                     const char *context,
                     uint8_t **document,
                     size_t *document_len,
                     char **out,
                     char **error);

// Renders a CDA document that the host holds for a screen: a page (HTML), plain text, or the file it
// carries. request: record render-request, or NULL for the form to offer first. rendered, rendered_len: the
// form. out: record rendered, with what to tell the person first and the other forms.
int32_t dmp_cda_render(dmp_connector *connector,
                       const uint8_t *content,
                       size_t content_len,
                       const char *request,
                       uint8_t **rendered,
                       size_t *rendered_len,
                       char **out,
                       char **error);

// This professional's own actions on this patient (everyone's for a médecin traitant DMP). filter:
// record journal-filter, or NULL. out: record journal.
int32_t dmp_journal_read(dmp_access *access, const char *filter, char **out, char **error);

// The whole journal of the practice with its chain. For those who oversee, never for care: it names
// documents whatever their masking. filter: record journal-filter, or NULL. out: record journal.
int32_t dmp_journal_audit(dmp_connector *connector, const char *filter, char **out, char **error);

// Walks the journal's chain and names the first entry that was changed, removed or moved. For those who
// oversee: it counts entries. out: record verification.
int32_t dmp_journal_verify(dmp_connector *connector,
                           char **out,
                           char **error);

// Seals the journal as it stands under a key of 32 random bytes, which you keep elsewhere than the register. The seal
// is written in the register and mentioned in the journal; keep the one given here elsewhere too: it shows later that
// the end of the journal was cut off or made again. The library keeps no copy of the key: wipe yours. Seal at
// regular times, and after dmp_journal_verify_sealed: sealing checks nothing. DMP_INVALID_VALUE while the journal is
// empty. For those who oversee. out: record seal.
int32_t dmp_journal_seal(dmp_connector *connector,
                         const uint8_t *key,
                         size_t key_len,
                         char **out,
                         char **error);

// Checks the journal's chain, every seal of the register and the seals you kept elsewhere, and says where each thing
// wrong lies: an entry changed, removed or moved, the end cut off, entries made again, a seal removed, changed or
// forged. check: record seal-check, with the seals you kept, or NULL for none. keys, keys_len: the sealing keys in use
// over the years, one after the other, 32 bytes each; every seal must have been made under one of them. NULL and 0 for
// none: seals then still bind number and hash, and the answer says that they were not authenticated. DMP_OK also
// when something is wrong: read the member intact. For those who oversee. out: record sealed-verification.
int32_t dmp_journal_verify_sealed(dmp_connector *connector,
                                  const char *check,
                                  const uint8_t *keys,
                                  size_t keys_len,
                                  char **out,
                                  char **error);

// Removes the entries of the journal that are older than a date, up to the first that is not. The journal keeps up to
// where, by whom, when and why, and stays verifiable from there. The register's file is then written again whole, so
// that they are gone from the disk too: that takes as much room as the file, and a while when it is large. DMP_REFUSED
// for a date more recent than the least time of conservation (member journalMonths of record config), or than a bris
// de glace that nobody reviewed. For those who oversee; the session says who did it. request: record prune-request.
// out: record pruned.
int32_t dmp_journal_prune(dmp_session *session,
                          const char *request,
                          char **out,
                          char **error);

// Exports the journal for an audit, to a callback: each entry as it is in JSON Lines, or as FHIR R4 AuditEvent, one
// resource a line. Where it goes (an encrypted disk, a collector of traces) and who may read it is yours to choose:
// the library writes no file of its own. Memory does not grow with the journal. The session says who exports, and the
// journal keeps it, with what was asked and the SHA-256 of what was given. Names documents whatever their masking:
// for those who oversee, never for care. request: record export-request. out: record journal-export.
int32_t dmp_journal_export(dmp_session *session,
                           const char *request,
                           dmp_export_callback callback,
                           void *user,
                           char **out,
                           char **error);

// The bris de glace of the practice, for review. filter: record emergency-filter, or NULL for all. out:
// record emergencies.
int32_t dmp_emergency_list(dmp_connector *connector,
                           const char *filter,
                           char **out,
                           char **error);

// Signs the review of a bris de glace. review: record emergency-review. out: record done.
int32_t dmp_emergency_review(dmp_session *session, const char *review, char **out, char **error);

// Opens a connector as dmp_connector_open does, on files encrypted at rest: the register, and the embedded
// DMP if there is one. What is created is created under the key. config: record config. key, key_len, kind:
// DMP_KEY_RAW and 32 bytes, or DMP_KEY_PASSPHRASE and its UTF-8; the library's copy is wiped when the
// connector is closed. A key that does not open a file, encrypted or not, is answered with DMP_NOT_OURS, as
// a file that is none of ours, and the file is left as it is. A lost key is a lost file: nothing else opens
// it. Each file then takes up to 64 MiB of memory for its pages, as they are needed. In a library built
// without encryption (see dmp_version): DMP_INVALID_VALUE.
int32_t dmp_connector_open_keyed(const char *config,
                                 const uint8_t *key,
                                 size_t key_len,
                                 int32_t kind,
                                 dmp_connector **out,
                                 char **error);

// Puts the register, and the embedded DMP if there is one, under another key; encrypts them when they were
// not. No connector may have them open: DMP_BUSY. config: record config. old_key, old_key_len, old_kind: the
// key they are under, NULL and 0 when they are not encrypted. key, key_len, kind: the new one. out: record
// rekey-answer. At every moment each file opens with one of the two keys; after a crash the same call
// finishes it. When files were not encrypted, their old bytes are overwritten: after a crash call again even
// if the new key opens them. On an SSD, in snapshots and in backups, overwriting promises nothing. Backups
// made before stay under the old key.
int32_t dmp_register_rekey(const char *config,
                           const uint8_t *old_key,
                           size_t old_key_len,
                           int32_t old_kind,
                           const uint8_t *key,
                           size_t key_len,
                           int32_t kind,
                           char **out,
                           char **error);

// Copies the register, as it is at one instant, into a new file under the same key, checked and durable.
// Other calls, on this connector too, go on meanwhile. request: record backup-request. progress: told how
// far it is, or NULL; user: given back to it. out: record backup-answer. Note its journal's head elsewhere.
// A file of that name is never overwritten: DMP_EXISTS. Of a damaged register no backup is made:
// DMP_CORRUPT.
int32_t dmp_register_backup(dmp_connector *connector,
                            const char *request,
                            dmp_backup_callback progress,
                            void *user,
                            char **out,
                            char **error);

// Checks the register: the structure of its file, each page's authenticity when it is under a key, its
// references, the journal's chain. Counts, no data. Other calls, on this connector too, go on meanwhile. out:
// record register-check.
int32_t dmp_register_check(dmp_connector *connector,
                           char **out,
                           char **error);

// Puts a backup in the register's place. No connector may have the register open: DMP_BUSY. request: record
// restore-request. key, key_len, kind: the key of the backup, NULL and 0 when it has none; it is the
// register's from then on. out: record backup-answer. The backup is checked first, and only read. A register
// that is there is refused with DMP_EXISTS unless the request says to replace it; it is then set aside under
// the name in the answer, never deleted. What the outbox of the backup holds as not sent is asked for in the
// DMP before it is sent. What was handed over since the backup is in the register set aside: dmp_register_salvage
// and dmp_outbox_recover bring it back. Oppositions recorded since, and consents withdrawn or spent, are taken from
// it when it can be read and goes on from the backup: member carriedOver tells; other patients and consents are
// recorded again. Documents kept for reading without network are not restored.
int32_t dmp_register_restore(const char *request,
                             const uint8_t *key,
                             size_t key_len,
                             int32_t kind,
                             char **out,
                             char **error);

// Writes out what can still be read of a damaged register, past what cannot: one JSON record a line, such as
// {"table":"patient","row":{...}}, bytes as {"base64":"..."}, "damaged":true on a row with a value that does
// not fit. IN CLEAR, whatever the key: keep that file as the register is kept. The register is only read, on
// a copy beside the destination that is removed at the end. Close the connectors on it first. request: record
// salvage-request. key, key_len, kind: the register's key, NULL and 0 when it has none. out: record
// salvage-report.
int32_t dmp_register_salvage(const char *request,
                             const uint8_t *key,
                             size_t key_len,
                             int32_t kind,
                             char **out,
                             char **error);

// Gathers what those who help a practice need to know: versions, figures, rule identifiers. It names no patient,
// no person, no document and no path, and may be sent as it is. It counts what the practice did: for those who
// oversee, never for care. Reads the whole journal: seconds on a large one. A damaged register gives DMP_CORRUPT:
// dmp_register_check tells more. out: record support-bundle.
int32_t dmp_connector_support(dmp_connector *connector,
                              char **out,
                              char **error);

// Takes past documents over ("reprise d'historique"): judges the files of a folder, or of a list, one by one,
// and hands those that may go over to the outbox, which asks the DMP for each of them before it sends it, at
// night, at the pace and within the daily number of the configuration's parameters. A document goes when it
// reads and conforms, its patient is registered with a qualified INS and does not oppose it, this structure is
// among its authors, and neither this practice nor this run gave the same content before; bytes are never
// changed. request: record takeover-request. With dryRun everything is done but the writing, and the report is
// the same. callback: told after each file, or NULL. The call may end at any file, by the callback, by the
// bound of the request or with the process: call again with the same request, and what is settled is passed
// over, by its content. Paths are in the report and in the progress alone: they are neither kept nor logged. A
// folder of thousands takes minutes: call from a thread of your own, on a connector of its own if the doctor is
// not to wait for one document at a time. out: record takeover-report.
int32_t dmp_takeover_run(dmp_session *session,
                         const char *request,
                         dmp_takeover_callback callback,
                         void *user,
                         char **out,
                         char **error);

// Where this person's take-over stands: how many of its documents wait, were sent or found, or need a person.
// The documents themselves are in the outbox. out: record takeover-state.
int32_t dmp_takeover_state(dmp_session *session,
                           char **out,
                           char **error);

// The value sets and correspondences in use, with their versions, and what the last pack changed. out:
// record terminology-sets.
int32_t dmp_terminology_sets(dmp_connector *connector,
                             char **out,
                             char **error);

// The codes of a set that are in force, in the order of their labels, for a list to choose from. request:
// record set-request. out: record set-listing.
int32_t dmp_terminology_list(dmp_connector *connector,
                             const char *request,
                             char **out,
                             char **error);

// What a set knows of a code: whether a document may be written with it, its label, since when and until
// when. request: record code-request. out: record code-check.
int32_t dmp_terminology_check(dmp_connector *connector,
                              const char *request,
                              char **out,
                              char **error);

// The label of a code in whatever set knows it, even retired. request: record label-request. out: record
// label-answer.
int32_t dmp_terminology_label(dmp_connector *connector,
                              const char *request,
                              char **out,
                              char **error);

// Takes up newer sets, for this connector until it is closed; the configuration can name the same text in a
// file. pack: record terminology-pack, or a value set of the ANS in FHIR, or a Bundle of them. out: record
// terminology-report.
int32_t dmp_terminology_load(dmp_connector *connector,
                             const char *pack,
                             char **out,
                             char **error);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* DMPKIT_H */
