SELECT name, size FROM pg_ls_waldir() ORDER BY name;
