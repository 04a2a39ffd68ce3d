//! MTOM/XOP: a message whose documents travel beside it, as they are, in a multipart body.
