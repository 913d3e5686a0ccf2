package = "lua-cjson"
version = "2.1.0.10-1"
source = {
   url = "git+https://github.com/openresty/lua-cjson",
   tag = "2.1.0.10",
}
description = {
   summary = "A fast JSON encoding/parsing module",
   homepage = "http://www.kyne.com.au/~mark/software/lua-cjson.php",
   license = "MIT"
}
dependencies = {
   "lua >= 5.1"
}
