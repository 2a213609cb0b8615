"use strict";
// Snippets of the search are read from the pages, which a browser allows over HTTP only.
if (location.protocol === "file:" && window.DOCUMENTATION_OPTIONS) DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
