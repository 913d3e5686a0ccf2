package hygiene

// Context is a build context: the files that COPY can see.
type Context struct{}
