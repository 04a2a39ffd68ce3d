/* A reader whose card can be taken out: stands before a PKCS#11 module and, as the file named by DMPKIT_READER says,
   hides the token, tells how many tries are left, signs digests alone, or has a keypad of its own. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long ulong_t;
typedef struct { unsigned char version[2]; void *f[68]; } list_t;
typedef struct { ulong_t mechanism; void *parameter; ulong_t size; } mechanism_t;

enum { GetFunctionList = 3, GetSlotList = 4, GetTokenInfo = 6, GetMechanismList = 7, OpenSession = 12,
       CloseAllSessions = 14, GetSessionInfo = 15, Login = 18, SignInit = 42 };

static list_t *real, ours;
static ulong_t slot_in_use;

static int is(const char *state) {
    char text[200] = "";
    FILE *file = fopen(getenv("DMPKIT_READER"), "r");
    if (!file) return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    return strstr(text, state) != NULL;
}

static ulong_t get_slot_list(unsigned char present, ulong_t *slots, ulong_t *count) {
    if (is("removed")) {
        ((ulong_t (*)(ulong_t))real->f[CloseAllSessions])(slot_in_use);
        *count = 0;
        return 0;
    }
    return ((ulong_t (*)(unsigned char, ulong_t *, ulong_t *))real->f[GetSlotList])(present, slots, count);
}

static ulong_t get_token_info(ulong_t slot, unsigned char *info) {
    if (is("removed")) return 0xE0; /* CKR_TOKEN_NOT_PRESENT */
    ulong_t answer = ((ulong_t (*)(ulong_t, unsigned char *))real->f[GetTokenInfo])(slot, info);
    ulong_t *flags = (ulong_t *)(info + 96);
    *flags &= ~0x70000ul;
    if (is("several")) *flags |= 0x10000;
    if (is("last")) *flags |= 0x20000;
    if (is("locked")) *flags |= 0x40000;
    if (is("keypad")) *flags |= 0x100;
    return answer;
}

static ulong_t get_mechanism_list(ulong_t slot, ulong_t *list, ulong_t *count) {
    if (!is("digest")) return ((ulong_t (*)(ulong_t, ulong_t *, ulong_t *))real->f[GetMechanismList])(slot, list, count);
    if (list) list[0] = 1; /* CKM_RSA_PKCS */
    *count = 1;
    return 0;
}

static ulong_t open_session(ulong_t slot, ulong_t flags, void *a, void *b, ulong_t *session) {
    slot_in_use = slot;
    return ((ulong_t (*)(ulong_t, ulong_t, void *, void *, ulong_t *))real->f[OpenSession])(slot, flags, a, b, session);
}

static ulong_t get_session_info(ulong_t session, void *info) {
    if (is("removed")) return 0xB3; /* CKR_SESSION_HANDLE_INVALID */
    return ((ulong_t (*)(ulong_t, void *))real->f[GetSessionInfo])(session, info);
}

static ulong_t login(ulong_t session, ulong_t user, unsigned char *pin, ulong_t size) {
    if (is("cancelled")) return 0x50; /* CKR_FUNCTION_CANCELED */
    if (is("keypad")) {
        if (pin) return 0x07; /* CKR_ARGUMENTS_BAD: the PIN is typed on the reader */
        pin = (unsigned char *)"2468";
        size = 4;
    }
    return ((ulong_t (*)(ulong_t, ulong_t, unsigned char *, ulong_t))real->f[Login])(session, user, pin, size);
}

static ulong_t sign_init(ulong_t session, mechanism_t *mechanism, ulong_t key) {
    if (is("removed")) return 0x32; /* CKR_DEVICE_REMOVED */
    if ((is("digest") || is("picky")) && mechanism->mechanism != 1) return 0x70; /* CKR_MECHANISM_INVALID */
    return ((ulong_t (*)(ulong_t, mechanism_t *, ulong_t))real->f[SignInit])(session, mechanism, key);
}

ulong_t C_GetFunctionList(list_t **list) {
    if (!real) {
        void *library = dlopen(getenv("DMPKIT_MODULE"), RTLD_NOW);
        if (!library) return 5;
        ((ulong_t (*)(list_t **))dlsym(library, "C_GetFunctionList"))(&real);
        ours = *real;
        ours.f[GetFunctionList] = (void *)C_GetFunctionList;
        ours.f[GetSlotList] = (void *)get_slot_list;
        ours.f[GetTokenInfo] = (void *)get_token_info;
        ours.f[GetMechanismList] = (void *)get_mechanism_list;
        ours.f[OpenSession] = (void *)open_session;
        ours.f[GetSessionInfo] = (void *)get_session_info;
        ours.f[Login] = (void *)login;
        ours.f[SignInit] = (void *)sign_init;
    }
    *list = &ours;
    return 0;
}
