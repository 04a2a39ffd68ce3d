//! The story of a practice in C: it compiles without a warning, runs as told, and leaks nothing. The header
//! stands alone in C99, C11 and C++17.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Werror", "-pedantic"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeds(command: &mut Command) -> Output {
    let output = command
        .output()
        .unwrap_or_else(|e| panic!("{:?}: {e}", command.get_program()));
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}\n{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    output
}

/// The story, compiled against the shared library that cargo left beside this test.
struct Story {
    folder: tempfile::TempDir,
}

impl Story {
    fn compiled() -> Story {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let beside = std::env::current_exe().expect("the test's path");
        let built = beside.with_file_name("libdmpkit.so");
        // A program asks for the library by its SONAME.
        let library = folder.path().join("libdmpkit.so.0");
        std::fs::copy(&built, &library).expect("the shared library is beside the test");
        succeeds(
            Command::new("cc")
                .args(["-std=c99", "-g"])
                .args(STRICT)
                .arg("-I")
                .arg(root().join("include"))
                .arg(root().join("examples/c/cabinet.c"))
                .arg(&library)
                .arg(format!("-Wl,-rpath,{}", folder.path().display()))
                .arg("-o")
                .arg(folder.path().join("cabinet")),
        );
        Story { folder }
    }

    fn program(&self) -> PathBuf {
        self.folder.path().join("cabinet")
    }

    /// Where a run keeps its files.
    fn files(&self, run: &str) -> PathBuf {
        let files = self.folder.path().join(run);
        std::fs::create_dir(&files).expect("a folder for the files");
        files
    }
}

fn document() -> PathBuf {
    root().join("tests/fixtures/cr_consultation_pdf.xml")
}

/// What the story is told with: a document, and two files to make into documents.
fn documents() -> [PathBuf; 3] {
    let file = |name| root().join("examples/c").join(name);
    [
        document(),
        file("ordonnance.pdf"),
        file("ordonnance_rectifiee.pdf"),
    ]
}

/// What a person reads in the story, in order.
const READ: &[&str] = &[
    "1. La CNAM a ouvert le DMP de Mme Morel",
    "2. La Dre Bastide ouvre le dossier : rien ne peut encore être consulté.",
    "DMP trouvé ; autorisation : NON_EXISTE",
    "refusé : ",
    "3. La patiente, informée, est d'accord",
    "0 document(s)",
    "4. Elle dépose son compte rendu.",
    "reçu par le DMP : 1.2.250.1.999.",
    "1 document(s)",
    "5. M. Leroux, infirmier du cabinet",
    "identiques à ceux déposés",
    "6. La Dre Bastide imprime une ordonnance",
    ", version 1",
    "vérifié : conforme, 0 point(s) à revoir",
    "reçu par le DMP : 1.2.250.1.999.",
    "2 document(s)",
    "• Ordonnance",
    "7. La dose était fausse",
    ", version 2",
    "vérifié : conforme, 0 point(s) à revoir",
    "2 document(s)",
    "• Ordonnance rectifiée",
    "8. M. Leroux la lit à l'écran",
    "Document (PDF) : ",
    "prêts à afficher",
    "│ Ordonnance rectifiée",
    "TESSIER",
    "9. Le réseau est coupé : elle confie un renouvellement",
    "envoi n° 1  Dépôt : en attente d'envoi",
    "1 envoyé(s), 0 restant(s)",
    "envoi n° 1  Dépôt : dans le DMP",
    "3 document(s)",
    "• Renouvellement",
    "10. À la demande de la patiente, la Dre Bastide masque le compte rendu.",
    "⚠ Ce document est masqué aux professionnels de santé. Seuls le patient",
    "M. Leroux :",
    "2 document(s)",
    "refusé : ",
    "11. La nuit, aux urgences de l'hôpital : bris de glace.",
    "refusé : ",
    "bandeau : ACCÈS EN BRIS DE GLACE",
    "Fin dans 30 min.",
    "à revoir par l'hôpital : 1 bris de glace",
    "12. Dans Mon espace santé, la patiente lit ce qui s'est passé.",
    "13. Le journal du cabinet.",
    "session.open",
    "document.feed",
    "document.mask",
    "chaîne intacte",
];

#[test]
fn the_story_compiles_without_a_warning_and_goes_as_told() {
    let story = Story::compiled();
    let output = succeeds(
        Command::new(story.program())
            .arg(story.files("files"))
            .args(documents()),
    );
    let printed = text(&output.stdout);
    let mut rest = printed.as_str();
    for line in READ {
        let at = rest
            .find(line)
            .unwrap_or_else(|| panic!("« {line} » is not where the story has it:\n{printed}"));
        rest = &rest[at + line.len()..];
    }
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn the_story_stops_with_a_failure_when_it_does_not_go_as_told() {
    let story = Story::compiled();
    // The document of another patient: step 4 cannot succeed.
    let other = story.folder.path().join("autre.xml");
    let cda = std::fs::read_to_string(document()).expect("the fixture");
    std::fs::write(&other, cda.replace("279035121518989", "279035121518988")).expect("written");
    let output = Command::new(story.program())
        .arg(story.files("files"))
        .arg(&other)
        .args(&documents()[1..])
        .output()
        .expect("the story runs");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("alimentation : DMP_"));
}

#[test]
fn the_story_leaks_nothing_and_touches_nothing_that_is_not_its_own() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("SKIPPED: valgrind is not installed");
        return;
    }
    let story = Story::compiled();
    succeeds(
        Command::new("valgrind")
            .args(["--quiet", "--leak-check=full", "--error-exitcode=9"])
            .arg("--errors-for-leak-kinds=definite,indirect")
            .arg(story.program())
            .arg(story.files("files"))
            .args(documents()),
    );
}

#[test]
fn the_header_stands_alone_in_c99_c11_and_cpp17() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (compiler, language, standard) in [
        ("cc", "c", "-std=c99"),
        ("cc", "c", "-std=c11"),
        ("c++", "c++", "-std=c++17"),
    ] {
        // Included twice: the guard holds. Every constant and the callbacks' types can be used.
        let source = folder.path().join(format!("alone.{language}"));
        std::fs::write(
            &source,
            "#include \"dmpkit.h\"\n#include \"dmpkit.h\"\n\
             static void on_log(void *user, int32_t level, const char *line)\n\
             { (void)user; (void)level; (void)line; }\n\
             static int32_t on_secret(void *user, const char *request, char *buffer, size_t capacity)\n\
             { (void)user; (void)request; if (capacity) *buffer = 0; return DMP_OK; }\n\
             static int32_t on_sign(void *user, const char *request, const uint8_t *message, size_t len,\n\
             uint8_t *signature, size_t capacity, size_t *signature_len)\n\
             { (void)user; (void)request; (void)message; (void)len; (void)signature; (void)capacity;\n\
             *signature_len = 0; return DMP_KEY; }\n\
             static int32_t on_send(void *user, const char *request, const uint8_t *body, size_t len,\n\
             dmp_answer_writer write, void *answer)\n\
             { (void)user; (void)request; return write(answer, body, len); }\n\
             static int32_t on_progress(void *user, const char *progress)\n\
             { (void)user; return progress[0] == '{' ? 0 : 1; }\n\
             int main(void)\n\
             {\n    dmp_log_callback callback = on_log;\n    char *error = 0;\n\
             dmp_free(0);\n\
             return dmp_connector_set_log(0, callback, 0, &error) == DMP_BAD_HANDLE\n\
             && dmp_outbox_dispatch(0, 0, on_progress, 0, 0, &error) == DMP_BAD_HANDLE\n\
             && dmp_connector_set_secrets(0, on_secret, 0, &error) == DMP_BAD_HANDLE\n\
             && dmp_connector_set_signer(0, on_sign, 0, &error) == DMP_BAD_HANDLE\n\
             && dmp_connector_set_transport(0, on_send, 0, &error) == DMP_BAD_HANDLE\n\
             && dmp_abi_version() == DMP_ABI_VERSION && DMPKIT_VERSION[0] ? 0 : 1;\n}\n",
        )
        .expect("written");
        succeeds(
            Command::new(compiler)
                .args(["-x", language, standard, "-fsyntax-only"])
                .args(STRICT)
                .arg("-I")
                .arg(root().join("include"))
                .arg(&source),
        );
    }
}
