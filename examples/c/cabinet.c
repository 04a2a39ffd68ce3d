/*
 * cabinet.c: a day in a practice, through the C interface, on the embedded DMP or on the national one's protocols.
 *
 *     cabinet FOLDER DOCUMENT.xml PRESCRIPTION.pdf CORRECTED.pdf [DMP.json]
 *
 * DMP.json holds the member "dmp" of the configuration (simulator.sh writes one for the simulator); without it the DMP
 * is a file of FOLDER.
 * FOLDER receives the files (the practice's register, the hospital's register, the DMP); it must exist
 * and be empty. DOCUMENT.xml is a CDA document; the two PDF are made into documents. Everything printed is in French: it is what a person
 * would read. The program ends with 1 as soon as something is not as the story says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmpkit.h"

#define PATIENT "{\"matricule\":\"279035121518989\",\"oid\":\"1.2.250.1.213.1.4.10\"}"
#define TRAITS                                                                                     \
    "{\"birthName\":\"TESSIER\",\"givenNames\":[\"CAMILLE\",\"ANNE\",\"LOUISE\"],"                   \
    "\"birthDate\":\"19790315\",\"sex\":\"F\",\"birthPlace\":\"51215\",\"usedName\":\"MOREL\"}"
#define DOCUMENT_ID "1.2.250.1.999.1.1.2026.101"
#define CABINET                                                                                    \
    "{\"id\":\"499900987654001\",\"name\":\"Cabinet du Dr Bastide\",\"sector\":\"SA07\"}"

static const char *const BASTIDE =
    "{\"professional\":{\"id\":\"899900987654\",\"family\":\"BASTIDE\",\"given\":\"Hélène\","
    "\"profession\":\"10\",\"specialty\":\"SM26\"},\"structure\":" CABINET
    ",\"authentication\":\"cps\"}";
static const char *const INFIRMIER =
    "{\"professional\":{\"id\":\"899900112233\",\"family\":\"LEROUX\",\"given\":\"Yann\","
    "\"profession\":\"60\"},\"structure\":" CABINET ",\"authentication\":\"cps\"}";
static const char *const URGENTISTE =
    "{\"professional\":{\"id\":\"899900445566\",\"family\":\"NGUYEN\",\"given\":\"Claire\","
    "\"profession\":\"10\",\"specialty\":\"SM54\"},"
    "\"structure\":{\"id\":\"1510000029\",\"name\":\"Centre hospitalier\",\"sector\":\"SA01\"},"
    "\"authentication\":\"cps\"}";

/* ---- what a host brings of its own: a JSON reader (these few lines suffice for a story) */

/* Copies the text of the first "key" after `from` into `out`; empty if there is none. */
static const char *text_of(const char *json, const char *key, char *out, size_t size)
{
    char pattern[64];
    const char *at;
    size_t n = 0;
    out[0] = '\0';
    snprintf(pattern, sizeof pattern, "\"%s\":\"", key);
    at = json ? strstr(json, pattern) : NULL;
    if (!at) return NULL;
    for (at += strlen(pattern); *at && *at != '"' && n + 1 < size; at++) {
        if (*at == '\\' && at[1]) at++;
        out[n++] = *at;
    }
    out[n] = '\0';
    return at;
}

static int occurrences(const char *json, const char *what)
{
    int n = 0;
    const char *at = json;
    while (at && (at = strstr(at, what)) != NULL) {
        n++;
        at += strlen(what);
    }
    return n;
}

/* ---- the story's own checks */

static void expect(int32_t status, int32_t expected, char *answer, char *error, const char *step)
{
    if (status != expected) {
        fprintf(stderr, "%s : %s au lieu de %s (%s)\n", step, dmp_status_name(status),
                dmp_status_name(expected), error ? error : "sans détail");
        exit(1);
    }
    dmp_free(error);
    dmp_free(answer);
}

/* Prints why something was refused, and what would change it, as a doctor would read it. */
static void print_refusal(const char *refusal)
{
    char text[512];
    const char *at;
    text_of(refusal, "sentence", text, sizeof text);
    printf("    refusé : %s\n", text);
    at = refusal ? strstr(refusal, "\"remedies\":[") : NULL;
    while (at && (at = text_of(at, "text", text, sizeof text)) != NULL) printf("      → %s\n", text);
}

static void title(const char *text)
{
    printf("\n%s\n", text);
}

/* The member "dmp" of the configuration, when it is given. */
static const char *dmp_member;

static dmp_connector *open_connector(const char *folder, const char *reg)
{
    char config[4096], embedded[1024], *error = NULL;
    dmp_connector *connector;
    snprintf(embedded, sizeof embedded, "{\"embedded\":{\"path\":\"%s/dmp.db\"}}", folder);
    snprintf(config, sizeof config,
             "{\"register\":\"%s/%s\",\"dmp\":%s,"
             "\"clock\":\"2026-01-12T09:00:00Z\",\"domain\":\"test\","
             "\"software\":{\"name\":\"Cabinet\",\"version\":\"1.0\","
             "\"homologation\":\"DEMO\",\"oid\":\"1.2.250.1.999.1\"}}",
             folder, reg, dmp_member ? dmp_member : embedded);
    expect(dmp_connector_open(config, &connector, &error), DMP_OK, NULL, error, "ouverture");
    return connector;
}

static dmp_session *open_session(dmp_connector *connector, const char *requester)
{
    char *error = NULL;
    dmp_session *session;
    int32_t status = dmp_session_open(connector, requester, &session, NULL, &error);
    expect(status, DMP_OK, NULL, error, "session");
    return session;
}

static dmp_access *open_access(dmp_session *session, const char *request)
{
    char *error = NULL, *state = NULL, text[64];
    dmp_access *access;
    int32_t status = dmp_access_open(session, request, &access, &state, &error);
    if (status == DMP_OK) {
        text_of(strstr(state, "\"dossier\":"), "authorisation", text, sizeof text);
        printf("  DMP trouvé ; autorisation : %s\n", text);
    }
    expect(status, DMP_OK, state, error, "accès");
    return access;
}

/* The holder's side: the patient in Mon espace santé, or the CNAM. The caller frees the answer. */
static char *holder(dmp_connector *connector, const char *action)
{
    char *error = NULL, *answer;
    int32_t status = dmp_holder_act(connector, action, NULL, 0, &answer, &error);
    if (status != DMP_OK) expect(status, DMP_OK, answer, error, "côté patient");
    return answer;
}

static void authorise(dmp_access *access)
{
    char *error = NULL, *answer;
    int32_t status = dmp_access_authorise(access, "{\"change\":\"declare\"}", &answer, &error);
    expect(status, DMP_OK, answer, error, "autorisation");
}

/* Lists what this professional sees, and checks how many documents that is. */
static void list(dmp_access *access, int expected)
{
    char *error = NULL, *answer, text[512];
    const char *at, *next;
    int n;
    int32_t status = dmp_document_find(access, NULL, &answer, &error);
    if (status != DMP_OK) expect(status, DMP_OK, answer, error, "recherche");
    n = occurrences(answer, "\"entryUUID\"");
    printf("  %d document(s)\n", n);
    for (at = strstr(answer, "\"entryUUID\""); at; at = next) {
        const char *warning = strstr(at, "\"warnings\":[\"");
        next = strstr(at + 1, "\"entryUUID\"");
        text_of(at, "title", text, sizeof text);
        printf("    • %s\n", text);
        if (warning && (!next || warning < next)) {
            warning += strlen("\"warnings\":[\"");
            printf("      ⚠ %.*s\n", (int)strcspn(warning, "\""), warning);
        }
    }
    if (n != expected) {
        fprintf(stderr, "%d document(s) au lieu de %d\n", n, expected);
        exit(1);
    }
    dmp_free(answer);
}

static unsigned char *load(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long length;
    if (!file || fseek(file, 0, SEEK_END) != 0 || (length = ftell(file)) < 0) {
        fprintf(stderr, "document illisible\n");
        exit(1);
    }
    rewind(file);
    bytes = malloc((size_t)length + 1);
    *size = bytes ? fread(bytes, 1, (size_t)length, file) : 0;
    fclose(file);
    return bytes;
}

/* What surrounds a prescription; patient, author and structure are taken from the access. */
#define CONTEXT                                                                                    \
    "\"type\":{\"code\":\"57833-6\"},\"effectiveTime\":\"%s\","                                    \
    "\"service\":{\"start\":\"%s\",\"stop\":\"2026-01-12T09:45:00+01:00\"},"                      \
    "\"practiceSetting\":{\"code\":\"AMBULATOIRE\"}"

/* When the consultation began. */
#define BEGUN "2026-01-12T09:30:00+01:00"

/* What a host keeps of a document it made, to replace it one day. */
struct version {
    char unique_id[80], set_id[80];
    int number;
};

/* Makes a document of a PDF, checks it, feeds it. */
static struct version prescribe(dmp_access *access, const char *path, const char *context,
                                const char *options)
{
    struct version made = {"", "", 0};
    unsigned char *pdf, *document;
    char *error = NULL, *answer = NULL, text[256];
    size_t pdf_size, document_size;
    int32_t status;

    pdf = load(path, &pdf_size);
    status = dmp_document_wrap(access, pdf, pdf_size, context, &document, &document_size, &answer, &error);
    if (status == DMP_OK) {
        const char *number = strstr(answer, "\"versionNumber\":");
        text_of(answer, "uniqueId", made.unique_id, sizeof made.unique_id);
        text_of(strstr(answer, "\"setId\":"), "root", made.set_id, sizeof made.set_id);
        made.number = number ? atoi(number + strlen("\"versionNumber\":")) : 0;
        printf("  document %s, version %d\n", made.unique_id, made.number);
    }
    expect(status, DMP_OK, answer, error, "fabrication du document");
    status = dmp_document_check(access, document, document_size, options, &answer, &error);
    printf("  vérifié : %s, %d point(s) à revoir\n",
           answer && strstr(answer, "\"accepted\":true,\"conforms\":true") ? "conforme" : "NON CONFORME",
           occurrences(answer, "\"severity\":"));
    expect(status, DMP_OK, answer, error, "vérification du document");
    status = dmp_document_feed(access, document, document_size, options, &answer, &error);
    if (answer) {
        text_of(answer, "uniqueId", text, sizeof text);
        printf("  reçu par le DMP : %s\n", text);
    }
    expect(status, DMP_OK, answer, error, "alimentation");
    dmp_free(document);
    free(pdf);
    return made;
}

/* Makes a document of a PDF and hands it over to the outbox: no network is needed. */
static void hand_over(dmp_session *session, dmp_access *access, const char *path, const char *context)
{
    unsigned char *pdf, *document;
    char *error = NULL, *answer = NULL;
    size_t pdf_size, document_size;
    int32_t status;

    pdf = load(path, &pdf_size);
    status = dmp_document_wrap(access, pdf, pdf_size, context, &document, &document_size, &answer, &error);
    expect(status, DMP_OK, answer, error, "fabrication du document");
    status = dmp_outbox_add(session, "{\"patient\":" PATIENT "}", document, document_size, &answer, &error);
    expect(status, DMP_OK, answer, error, "boîte d'envoi");
    dmp_free(document);
    free(pdf);
}

/* Shows what this professional handed over, and what a person has to do about it. */
static void outbox(dmp_session *session)
{
    char *error = NULL, *answer = NULL, text[256];
    const char *at;
    int32_t status = dmp_outbox_list(session, NULL, &answer, &error);
    for (at = answer; at && (at = strstr(at, "{\"id\":")) != NULL; at++) {
        text_of(at, "text", text, sizeof text);
        printf("  envoi n° %d  %s\n", atoi(at + strlen("{\"id\":")), text);
        text_of(at, "sentence", text, sizeof text);
        if (text[0]) printf("    %s\n", text);
    }
    expect(status, DMP_OK, answer, error, "boîte d'envoi");
}

/* Told after each item; 0 lets the dispatch go on. */
static int32_t on_progress(void *user, const char *progress)
{
    const char *sent = strstr(progress, "\"sent\":"), *left = strstr(progress, "\"left\":");
    (void)user;
    printf("  … %d envoyé(s), %d restant(s)\n", sent ? atoi(sent + 7) : 0, left ? atoi(left + 7) : 0);
    return 0;
}

int main(int argc, char **argv)
{
    dmp_connector *cabinet, *hospital;
    dmp_session *doctor, *nurse, *urgentist;
    dmp_access *access, *visit, *emergency;
    char *error = NULL, *answer = NULL, text[512], record[1024], options[160];
    struct version first, second;
    const char *at;
    unsigned char *cda, *content, *member = NULL;
    size_t cda_size, content_size;
    int32_t status;

    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage : cabinet DOSSIER DOCUMENT.xml ORDONNANCE.pdf RECTIFIEE.pdf [DMP.json]\n");
        return 2;
    }
    if (argc == 6) {
        size_t size;
        member = load(argv[5], &size);
        member[size] = '\0';
        dmp_member = (const char *)member;
    }
    cda = load(argv[2], &cda_size);
    printf("dmpkit %s, interface %d\n", dmp_version(), (int)dmp_abi_version());
    cabinet = open_connector(argv[1], "cabinet.db");

    title("1. La CNAM a ouvert le DMP de Mme Morel ; le cabinet connaît la patiente.");
    dmp_free(holder(cabinet, "{\"action\":\"open_dossier\",\"patient\":" PATIENT ",\"traits\":" TRAITS "}"));
    doctor = open_session(cabinet, BASTIDE);
    status = dmp_patient_register(doctor, "{\"patient\":" PATIENT ",\"status\":\"qualifiee\",\"traits\":" TRAITS "}",
                                  &answer, &error);
    expect(status, DMP_OK, answer, error, "patient");

    title("2. La Dre Bastide ouvre le dossier : rien ne peut encore être consulté.");
    access = open_access(doctor, "{\"patient\":" PATIENT "}");
    status = dmp_document_find(access, NULL, &answer, &error);
    print_refusal(answer);
    expect(status, DMP_REFUSED, answer, error, "recherche sans consentement");

    title("3. La patiente, informée, est d'accord : un seul consentement pour l'équipe de soins.");
    status = dmp_consent_record(doctor,
                                "{\"patient\":" PATIENT ",\"consent\":{\"kind\":\"care_team\","
                                "\"means\":\"oral\",\"wording\":\"affiche 2026-1\"}}",
                                &answer, &error);
    expect(status, DMP_OK, answer, error, "consentement");
    authorise(access);
    list(access, 0);

    title("4. Elle dépose son compte rendu.");
    status = dmp_document_feed(access, cda, cda_size, NULL, &answer, &error);
    if (answer) {
        text_of(answer, "uniqueId", text, sizeof text);
        printf("  reçu par le DMP : %s\n", text);
    }
    expect(status, DMP_OK, answer, error, "alimentation");
    list(access, 1);

    title("5. M. Leroux, infirmier du cabinet, le consulte : le même consentement vaut pour lui.");
    nurse = open_session(cabinet, INFIRMIER);
    visit = open_access(nurse, "{\"patient\":" PATIENT "}");
    authorise(visit);
    list(visit, 1);
    status = dmp_document_read(visit, DOCUMENT_ID, &content, &content_size, &answer, &error);
    if (status == DMP_OK) {
        int same = content_size == cda_size && memcmp(content, cda, cda_size) == 0;
        printf("  lu : %lu octets, %s\n", (unsigned long)content_size,
               same ? "identiques à ceux déposés" : "DIFFÉRENTS");
        if (!same) return 1;
    }
    dmp_free(content);
    expect(status, DMP_OK, answer, error, "lecture");

    title("6. La Dre Bastide imprime une ordonnance : le PDF devient un document du DMP.");
    snprintf(record, sizeof record, "{" CONTEXT ",\"title\":\"Ordonnance\"}", "2026-01-12T09:50:00+01:00", BEGUN);
    first = prescribe(access, argv[3], record, NULL);
    list(access, 2);

    title("7. La dose était fausse : l'ordonnance rectifiée remplace la première.");
    snprintf(record, sizeof record,
             "{" CONTEXT ",\"title\":\"Ordonnance rectifiée\",\"replaces\":{\"uniqueId\":\"%s\","
             "\"setId\":{\"root\":\"%s\"},\"versionNumber\":%d}}",
             "2026-01-12T09:58:00+01:00", BEGUN, first.unique_id, first.set_id, first.number);
    snprintf(options, sizeof options, "{\"replaces\":\"%s\"}", first.unique_id);
    second = prescribe(access, argv[4], record, options);
    list(access, 2);

    title("8. M. Leroux la lit à l'écran : le fichier d'abord, ou une page, ou du texte.");
    snprintf(record, sizeof record, "{\"uniqueId\":\"%s\"}", second.unique_id);
    status = dmp_document_render(visit, record, &content, &content_size, &answer, &error);
    if (status == DMP_OK) {
        text_of(answer ? strstr(answer, "\"form\":") : NULL, "label", text, sizeof text);
        printf("  %s : %lu octets, %s\n", text, (unsigned long)content_size,
               content_size > 5 && memcmp(content, "%PDF-", 5) == 0 ? "prêts à afficher" : "ILLISIBLES");
    }
    dmp_free(content);
    expect(status, DMP_OK, answer, error, "affichage");
    snprintf(record, sizeof record, "{\"uniqueId\":\"%s\",\"form\":\"text\"}", second.unique_id);
    status = dmp_document_render(visit, record, &content, &content_size, &answer, &error);
    if (status == DMP_OK) {
        size_t line = 0, i;
        for (i = 0; i < content_size && line < 9; i++) {
            if (i == 0 || content[i - 1] == '\n') printf("  │ ");
            putchar(content[i]);
            if (content[i] == '\n') line++;
        }
    }
    dmp_free(content);
    expect(status, DMP_OK, answer, error, "affichage en texte");

    title("9. Le réseau est coupé : elle confie un renouvellement à la boîte d'envoi, qui l'envoie plus tard.");
    snprintf(record, sizeof record, "{" CONTEXT ",\"title\":\"Renouvellement\"}", "2026-01-12T09:59:00+01:00",
             "2026-01-12T09:40:00+01:00");
    hand_over(doctor, access, argv[3], record);
    outbox(doctor);
    /* The host's own thread calls it, when it handed something over and when the answer's "next" says. */
    status = dmp_outbox_dispatch(cabinet, "{\"maxSeconds\":60}", on_progress, NULL, &answer, &error);
    expect(status, DMP_OK, answer, error, "envoi");
    outbox(doctor);
    list(access, 3);

    title("10. À la demande de la patiente, la Dre Bastide masque le compte rendu.");
    status = dmp_document_mask(access, DOCUMENT_ID, &answer, &error);
    expect(status, DMP_OK, answer, error, "masquage");
    printf("  la Dre Bastide, auteur :\n");
    list(access, 3);
    printf("  M. Leroux :\n");
    list(visit, 2);
    status = dmp_document_read(visit, DOCUMENT_ID, &content, &content_size, &answer, &error);
    print_refusal(answer);
    expect(status, DMP_UNKNOWN_DOCUMENT, answer, error, "lecture d'un document masqué");

    title("11. La nuit, aux urgences de l'hôpital : bris de glace.");
    hospital = open_connector(argv[1], "hopital.db");
    status = dmp_connector_set_time(hospital, "2026-01-13T02:30:00Z", &error);
    expect(status, DMP_OK, NULL, error, "horloge");
    urgentist = open_session(hospital, URGENTISTE);
    status = dmp_access_open(urgentist, "{\"patient\":" PATIENT ",\"mode\":\"bris_de_glace\"}", &emergency,
                             &answer, &error);
    print_refusal(answer);
    expect(status, DMP_REFUSED, answer, error, "bris de glace sans motif");
    status = dmp_access_open(urgentist,
                             "{\"patient\":" PATIENT ",\"mode\":\"bris_de_glace\",\"minutes\":30,"
                             "\"reason\":\"Patiente inconsciente, suspicion d'AVC\"}",
                             &emergency, &answer, &error);
    text_of(answer ? strstr(answer, "\"emergency\":") : NULL, "text", text, sizeof text);
    printf("  bandeau : %s\n", text);
    expect(status, DMP_OK, answer, error, "bris de glace");
    printf("  la patiente n'a pas ouvert ses documents masqués aux urgences :\n");
    list(emergency, 2);
    dmp_free(holder(hospital, "{\"action\":\"settings\",\"patient\":" PATIENT
                              ",\"settings\":{\"maskedInEmergency\":true}}"));
    printf("  si elle l'avait fait :\n");
    list(emergency, 3);
    status = dmp_connector_set_time(hospital, "2026-01-13T03:30:00Z", &error);
    expect(status, DMP_OK, NULL, error, "horloge");
    status = dmp_document_find(emergency, NULL, &answer, &error);
    print_refusal(answer);
    expect(status, DMP_ACCESS_OVER, answer, error, "fin du bris de glace");
    status = dmp_emergency_list(hospital, "{\"unreviewed\":true}", &answer, &error);
    printf("  à revoir par l'hôpital : %d bris de glace\n", occurrences(answer, "\"reason\""));
    expect(status, DMP_OK, answer, error, "revue");

    title("12. Dans Mon espace santé, la patiente lit ce qui s'est passé.");
    answer = holder(hospital, "{\"action\":\"notifications\",\"patient\":" PATIENT "}");
    for (at = answer; at && (at = text_of(at, "text", text, sizeof text)) != NULL;)
        printf("    • %s\n", text);
    dmp_free(answer);

    title("13. Le journal du cabinet.");
    status = dmp_journal_audit(cabinet, NULL, &answer, &error);
    for (at = answer; at && (at = strstr(at, "\"number\":")) != NULL; at++) {
        char when[40], actor[40], action[40], outcome[40];
        text_of(at, "at", when, sizeof when);
        text_of(at, "actor", actor, sizeof actor);
        text_of(at, "action", action, sizeof action);
        text_of(at, "outcome", outcome, sizeof outcome);
        printf("  %s  %s  %-22s %s\n", when, actor, action, outcome);
    }
    expect(status, DMP_OK, answer, error, "journal");
    status = dmp_journal_verify(cabinet, &answer, &error);
    printf("  chaîne %s\n", answer && strstr(answer, "\"intact\":true") ? "intacte" : "ROMPUE");
    expect(status, DMP_OK, answer, error, "vérification");

    /* Handles may be closed in any order. */
    expect(dmp_connector_close(cabinet, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_access_close(access, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_access_close(visit, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_access_close(emergency, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_session_close(doctor, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_session_close(nurse, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_session_close(urgentist, &error), DMP_OK, NULL, error, "fermeture");
    expect(dmp_connector_close(hospital, &error), DMP_OK, NULL, error, "fermeture");
    free(cda);
    free(member);
    return dmp_open_handles() == 0 ? 0 : 1;
}
