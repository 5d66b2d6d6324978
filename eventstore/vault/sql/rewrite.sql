SELECT keyring.rewrite();
